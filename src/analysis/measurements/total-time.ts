import { ARTIFACT } from "../../model/artifacts.ts";
import { Unknown } from "../unknown.ts";
import { Bounded, type PassMeasurement } from "./definition.ts";

export const totalTime: PassMeasurement = {
  id: "totalTime",
  title: "Total time",
  unit: "s",
  definition:
    "From the migrate command until the source reported that the migration had completed, on the benchmark server's monotonic clock. Of a VM that was shut down, until it was started on the destination: its boot to the first reply is told apart.",
  bounds:
    "None for a completed migration: both ends are moments of our own clock. A migration that failed, was cancelled or ran into its deadline has no value and a lower bound: it had lasted so long.",
  not: "When the VM runs on the destination: QEMU's source completes before RESUME there. Up to a few milliseconds may pass until we learn of the end.",
  artifacts: [ARTIFACT.migration],
  measure: (pass) => {
    const { end } = pass.moments();
    if (!end) throw new Unknown("the migration's end is not recorded");
    if (end.kind === "completed") return { value: end.t };
    // What was given up had lasted this long and was not done: censored, not missing.
    throw new Bounded(`the migration ${end.kind === "failed" ? "failed" : "was cancelled"}`, { low: end.t });
  },
};

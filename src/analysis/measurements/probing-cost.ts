/** What the probing itself cost: the probed pass against the quiet one of the same trial. */
import { ARTIFACT } from "../../model/artifacts.ts";
import type { Measurement, Measurements } from "../../model/result.ts";
import { Unknown } from "../unknown.ts";
import type { Definition, Finding } from "./definition.ts";

export interface BothPasses {
  readonly quiet: Measurements | null;
  readonly probed: Measurements | null;
}

export interface TrialMeasurement extends Definition {
  /** @throws Unknown when a pass or its value is missing. */
  readonly measure: (passes: BothPasses) => Finding;
}

function known(measurements: Measurements | null, id: string, pass: string): Measurement & { value: number } {
  const measurement = measurements?.[id];
  if (!measurement) throw new Unknown(`there is no ${pass} pass`);
  const { value } = measurement;
  if (value === null)
    throw new Unknown(`${id} of the ${pass} pass is unknown: ${measurement.unknown ?? "no reason given"}`);
  return { ...measurement, value };
}

const cost = (
  id: string,
  of: string,
  title: string,
  unit: Definition["unit"],
  artifacts: Definition["artifacts"],
): TrialMeasurement => ({
  id,
  title,
  unit,
  definition: `${title}: the probed pass minus the quiet pass. One pair says little: migrations differ from each other anyway.`,
  bounds: "The worst difference that the bounds of both allow, where both have any.",
  not: "That the probing caused it.",
  artifacts,
  measure: (passes) => {
    const quiet = known(passes.quiet, of, "quiet");
    const probed = known(passes.probed, of, "probed");
    const low = probed.low === undefined || quiet.high === undefined ? undefined : probed.low - quiet.high;
    const high = probed.high === undefined || quiet.low === undefined ? undefined : probed.high - quiet.low;
    return { value: probed.value - quiet.value, low, high, source: `${of} of both passes` };
  },
});

export const TRIAL_MEASUREMENTS: readonly TrialMeasurement[] = [
  cost("probingCostTotalTime", "totalTime", "What probing added to the total time", "s", [ARTIFACT.migration]),
  cost("probingCostBlackout", "blackout", "What probing added to the blackout", "s", [ARTIFACT.migration]),
  cost("probingCostTransferred", "transferred", "What probing added to the data on the wire", "bytes", [
    ARTIFACT.counters,
  ]),
];

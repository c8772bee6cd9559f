import { ARTIFACT } from "../../model/artifacts.ts";
import { Unknown } from "../unknown.ts";
import type { PassMeasurement } from "./definition.ts";

export const rounds: PassMeasurement = {
  id: "rounds",
  title: "Rounds",
  unit: "count",
  definition: "How often the hypervisor went over the memory; the first round copies all of it.",
  bounds: "None: as the hypervisor counts them; else the last number that a sample had.",
  not: "How much was sent: the last rounds of an idle guest take a millisecond. The last one runs while the vCPUs stand still.",
  artifacts: [ARTIFACT.migration],
  measure: (pass) => {
    let said: number | undefined;
    try {
      said = pass.report().rounds;
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
    }
    if (said !== undefined) return { value: said };
    const last = pass.rounds().at(-1);
    if (!last) throw new Unknown("the hypervisor told of no rounds");
    return { value: last.round, source: `${ARTIFACT.migration}, samples of the progress` };
  },
};

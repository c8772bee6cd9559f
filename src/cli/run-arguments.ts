import type { Plan } from "../model/plan.ts";
import type { LabTestbed } from "../model/testbed.ts";

/** What a run needs to know, from the command line. */
export interface RunArguments {
  readonly plan: Plan;
  readonly testbed: LabTestbed;
  readonly directory: string;
  readonly json: boolean;
}

import type { Plan } from "../model/plan.ts";
import type { Testbed } from "../model/testbed.ts";

/** What a run needs to know, from the command line. */
export interface RunArguments {
  readonly plan: Plan;
  readonly testbed: Testbed;
  readonly directory: string;
  readonly json: boolean;
}

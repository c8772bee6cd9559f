import type { Plan } from "../model/plan.ts";
import type { LabTestbed, Testbed } from "../model/testbed.ts";

/** What a run needs to know, from the command line. */
export interface RunArguments<T extends Testbed = Testbed> {
  readonly plan: Plan;
  readonly testbed: T;
  readonly directory: string;
  readonly json: boolean;
}

/** A run in a lab. */
export type LabRunArguments = RunArguments<LabTestbed>;

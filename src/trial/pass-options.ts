/** What a pass is given. */
import type { RunEventBody } from "../model/events.ts";
import type { PlannedTrial } from "../model/plan.ts";
import type { PassKind } from "../model/run.ts";
import type { Clock } from "../model/time.ts";
import type { LiveTestbed } from "./testbed.ts";

export interface PassOptions {
  readonly trial: PlannedTrial;
  readonly kind: PassKind;
  readonly testbed: LiveTestbed;
  /** The pass's own directory, made by the run writer. */
  readonly directory: string;
  readonly interrupt: AbortSignal;
  readonly clock: Clock;
  readonly emit: (event: RunEventBody) => void;
}

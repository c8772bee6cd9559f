/** The one stream that feeds the terminal, the JSON lines and whatever watches a run. */
import type { MigrationProgress } from "./migration.ts";
import type { Failure, PassKind, PhaseName, PhaseRecord, Status } from "./run.ts";
import type { Instant } from "./time.ts";

export type RunEvent = { readonly at: Instant } & (
  | { type: "run-started"; run: string; directory: string; plan: string; trials: number; accelerator: string }
  | { type: "trial-started"; trial: string; scenario: string; repetition: number; index: number; of: number }
  | { type: "pass-started"; trial: string; pass: PassKind }
  | { type: "phase-started"; trial: string; pass: PassKind; phase: PhaseName }
  | {
      type: "phase-finished";
      trial: string;
      pass: PassKind;
      phase: PhaseName;
      outcome: PhaseRecord["outcome"];
      seconds: number;
      note?: string | undefined;
    }
  | { type: "migration-progress"; trial: string; pass: PassKind; progress: MigrationProgress }
  | { type: "probe-progress"; trial: string; pass: PassKind; sent: number; answered: number }
  | { type: "warning"; trial?: string | undefined; message: string }
  | { type: "failure"; trial?: string | undefined; failure: Failure }
  | { type: "pass-finished"; trial: string; pass: PassKind; status: Status; seconds: number }
  | { type: "trial-finished"; trial: string; status: Status }
  | { type: "run-finished"; directory: string; status: Status; seconds: number }
);

/** Everyone who listens to the stream. A listener must not throw. */
export type EventListener = (event: RunEvent) => void;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** What an emitter is given: the stream stamps the time. */
export type RunEventBody = DistributiveOmit<RunEvent, "at">;

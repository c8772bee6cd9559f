/** Runs the phases of a pass one after the other: deadlines, interruption, and a teardown that always happens. */
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import type { Failure, PhaseName, PhaseRecord } from "../model/run.ts";
import type { Clock } from "../model/time.ts";

export interface Step {
  readonly name: PhaseName;
  /** Seconds that it may take. */
  readonly budget: number;
  /**
   * What its failure means. `essential`: nothing after it makes sense, only `teardown` steps still run.
   * `instrument`: a measurement is lost, the pass goes on. `teardown`: runs whatever happened before, also after an interrupt.
   */
  readonly kind: "essential" | "instrument" | "teardown";
  /** Returns what is worth noting. @throws to fail; aborts when `signal` does. */
  run(signal: AbortSignal): Promise<string | undefined>;
  /** Why this step does not apply to this pass, if it does not. */
  readonly skip?: string | undefined;
}

export interface StepListener {
  started(name: PhaseName): void;
  finished(record: PhaseRecord): void;
}

export interface StepsOutcome {
  readonly phases: readonly PhaseRecord[];
  readonly failures: readonly Failure[];
  /** An essential step failed, or the run was interrupted. */
  readonly broken: "failed" | "interrupted" | null;
}

/** Seconds that a step gets to come to its end after it was told to stop. */
const GRACE = 20;
/** What a timer can hold, milliseconds; with more it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export async function runSteps(
  steps: readonly Step[],
  interrupt: AbortSignal,
  clock: Clock,
  listener: StepListener,
  grace = GRACE,
): Promise<StepsOutcome> {
  const phases: PhaseRecord[] = [];
  const failures: Failure[] = [];
  let broken: StepsOutcome["broken"] = null;
  for (const step of steps) {
    const start = clock();
    if (interrupt.aborted) broken ??= "interrupted";
    const passedOver =
      step.skip ?? (broken && step.kind !== "teardown" ? `not reached: the pass was ${broken}` : undefined);
    if (passedOver !== undefined) {
      phases.push({ name: step.name, start, end: start, outcome: "skipped", note: passedOver });
      continue;
    }
    listener.started(step.name);
    let outcome: PhaseRecord["outcome"] = "done";
    let note: string | undefined;
    try {
      // Teardown listens to no interrupt: it has its own budget instead.
      note = await within(step, step.kind === "teardown" ? undefined : interrupt, grace);
    } catch (thrown) {
      const interrupted = interrupt.aborted && step.kind !== "teardown";
      const error = asMigrascopeError(thrown);
      outcome = interrupted ? "interrupted" : "failed";
      note = error.message;
      if (!interrupted) failures.push(asFailure(error, step.name));
      if (interrupted) broken = "interrupted";
      else if (step.kind === "essential") broken = "failed";
    }
    const record: PhaseRecord = {
      name: step.name,
      start,
      end: clock(),
      outcome,
      ...(note === undefined ? {} : { note }),
    };
    phases.push(record);
    listener.finished(record);
  }
  return { phases, failures, broken };
}

export function asFailure(error: MigrascopeError, phase?: PhaseName): Failure {
  return {
    code: error.code,
    message: error.message,
    advice: error.advice,
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(phase === undefined ? {} : { phase }),
  };
}

async function within(step: Step, interrupt: AbortSignal | undefined, grace: number): Promise<string | undefined> {
  const controller = new AbortController();
  const late = new MigrascopeError("DEADLINE_EXCEEDED", `phase ${step.name} did not end within ${step.budget} s`);
  const timer = setTimeout(() => controller.abort(late), Math.min(step.budget * 1000, LONGEST_TIMER));
  const onInterrupt = (): void => controller.abort(new MigrascopeError("CANCELLED", "interrupted"));
  interrupt?.addEventListener("abort", onInterrupt, { once: true });
  let graceTimer: NodeJS.Timeout | undefined;
  try {
    const stuck = new Promise<never>((_, reject) => {
      controller.signal.addEventListener("abort", () => {
        graceTimer = setTimeout(() => reject(controller.signal.reason as Error), grace * 1000);
      });
    });
    return await Promise.race([step.run(controller.signal), stuck]);
  } catch (error) {
    // An aborted wait throws an AbortError of its own; why it was aborted is the better message.
    const reason: unknown = controller.signal.reason;
    if (controller.signal.aborted && !(error instanceof MigrascopeError)) throw reason;
    throw error;
  } finally {
    clearTimeout(timer);
    clearTimeout(graceTimer);
    interrupt?.removeEventListener("abort", onInterrupt);
  }
}

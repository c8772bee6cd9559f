/** One trial: the quiet pass, then the probed pass. */
import type { RunEventBody } from "../model/events.ts";
import type { PlannedTrial } from "../model/plan.ts";
import type { PassKind, PassRecord, Status, TrialRecord } from "../model/run.ts";
import type { Clock } from "../model/time.ts";
import type { RunWriter } from "../run/write/run-writer.ts";
import { runPass } from "./pass.ts";
import type { TestbedFactory } from "./testbed.ts";

export interface TrialOptions {
  readonly trial: PlannedTrial;
  readonly testbed: TestbedFactory;
  readonly vm: Parameters<TestbedFactory>[0];
  readonly run: RunWriter;
  readonly interrupt: AbortSignal;
  readonly clock: Clock;
  readonly emit: (event: RunEventBody) => void;
}

export interface TrialOutcome {
  readonly record: TrialRecord;
  /** Something was not measured or went wrong, even if the migrations completed. */
  readonly flawed: boolean;
}

const ORDER: readonly PassKind[] = ["quiet", "probed"];
/** The trial's status is its worst pass's; a quiet pass that completed does not excuse a probed one that did not. */
const WORST_FIRST: readonly Status[] = ["cancelled", "failed", "timeout", "completed"];

export async function runTrial(options: TrialOptions): Promise<TrialOutcome> {
  const { trial, run, clock, emit, interrupt } = options;
  const passes: Omit<PassRecord, "artifacts">[] = [];
  for (const kind of ORDER) {
    if (interrupt.aborted) break;
    const began = clock();
    emit({ type: "pass-started", trial: trial.id, pass: kind });
    const directory = await run.startPass(trial.id, kind);
    const record = await runPass({
      trial,
      kind,
      testbed: options.testbed(options.vm),
      directory,
      interrupt,
      clock,
      emit,
    });
    await run.endPass(directory, record);
    passes.push(record);
    emit({
      type: "pass-finished",
      trial: trial.id,
      pass: kind,
      status: record.status,
      seconds: (clock().mono - began.mono) / 1e6,
    });
  }
  const status =
    interrupt.aborted && passes.length < ORDER.length
      ? "cancelled"
      : WORST_FIRST.find((word) => passes.some((pass) => pass.status === word));
  const record: TrialRecord = {
    id: trial.id,
    scenario: trial.scenario,
    repetition: trial.repetition,
    status: status ?? "cancelled",
    passes: passes.map((pass) => pass.kind),
  };
  await run.writeTrial(record);
  return { record, flawed: record.status !== "completed" || passes.some((pass) => pass.failures.length > 0) };
}

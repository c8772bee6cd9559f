/**
 * The run of a plan, trial after trial:
 * 1. refuse what the testbed cannot do;
 * 2. make the run directory with its first manifest;
 * 3. run each planned trial (both passes), saving after each;
 * 4. close the manifest, also when interrupted.
 */

import type { EventListener, RunEventBody } from "../model/events.ts";
import type { Plan } from "../model/plan.ts";
import { MANIFEST_SCHEMA, type Status } from "../model/run.ts";
import type { Testbed } from "../model/testbed.ts";
import type { Clock } from "../model/time.ts";
import { planTrials } from "../plan/trials.ts";
import { scenarioVm } from "../plan/vm.ts";
import { RunWriter } from "../run/write/run-writer.ts";
import { requireSupport } from "./support.ts";
import type { TestbedFactory } from "./testbed.ts";
import { runTrial, type TrialOutcome } from "./trial.ts";

export interface RunOptions {
  readonly plan: Plan;
  readonly testbed: Testbed;
  readonly live: TestbedFactory;
  readonly directory: string;
  readonly id: string;
  readonly toolVersion: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly accelerator: string;
  readonly interrupt: AbortSignal;
  readonly clock: Clock;
  readonly listener: EventListener;
}

export interface RunOutcome {
  readonly directory: string;
  readonly status: Status;
  /** Everything was migrated and measured as planned. */
  readonly flawless: boolean;
}

/**
 * @throws MigrascopeError SETTING_UNSUPPORTED or CONFIG_INVALID when the testbed cannot do what the plan asks for, before
 * anything is made; FILE_UNWRITABLE when the run directory cannot be kept; everything else is recorded in it.
 */
export async function runPlan(options: RunOptions): Promise<RunOutcome> {
  const { plan, testbed, clock, interrupt } = options;
  requireSupport(plan.scenarios, testbed.vm, options.live);
  const trials = planTrials(plan);
  const started = clock();
  const run = await RunWriter.create(options.directory, {
    schema: MANIFEST_SCHEMA,
    id: options.id,
    tool: { name: "migrascope", version: options.toolVersion, node: process.version },
    state: "running",
    started,
    plan,
    testbed,
    environment: { ...options.environment },
    trials: trials.map(({ id, scenario, repetition }) => ({
      id,
      scenario: scenario.name,
      repetition,
      state: "planned",
    })),
  });
  const emit = (body: RunEventBody): void => {
    const event = { at: clock(), ...body };
    // Progress is in the artifacts already, at full rate.
    if (event.type !== "migration-progress" && event.type !== "probe-progress") run.event(event);
    options.listener(event);
  };
  emit({
    type: "run-started",
    run: options.id,
    directory: options.directory,
    plan: plan.name,
    trials: trials.length,
    accelerator: options.accelerator,
  });
  const outcomes: TrialOutcome[] = [];
  for (const [index, trial] of trials.entries()) {
    if (interrupt.aborted) break;
    emit({
      type: "trial-started",
      trial: trial.id,
      scenario: trial.scenario.name,
      repetition: trial.repetition,
      index: index + 1,
      of: trials.length,
    });
    await run.setTrial(trial.id, { state: "running" });
    const vm = scenarioVm(testbed.vm, trial.scenario);
    const outcome = await runTrial({ trial, testbed: options.live, vm, run, interrupt, clock, emit });
    await run.setTrial(trial.id, { state: "ended", status: outcome.record.status });
    outcomes.push(outcome);
    emit({ type: "trial-finished", trial: trial.id, status: outcome.record.status });
  }
  const status = interrupt.aborted
    ? "cancelled"
    : (outcomes.find(({ record }) => record.status !== "completed")?.record.status ?? "completed");
  const ended = clock();
  emit({ type: "run-finished", directory: options.directory, status, seconds: (ended.mono - started.mono) / 1e6 });
  await run.finish(interrupt.aborted ? "interrupted" : "finished", ended);
  return {
    directory: options.directory,
    status,
    flawless: !interrupt.aborted && outcomes.every(({ flawed }) => !flawed),
  };
}

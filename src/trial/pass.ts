/**
 * One pass: power on, settle, measure, migrate, measure, migrate back, power off (the paper's Table 1). A quiet pass leaves
 * out everything that probes the VM or copies its packets, so that the difference to the probed pass is the probing's cost.
 */
import { join } from "node:path";
import { guestStatistics } from "../guest/statistics.ts";
import type { MigrationObserver, MigrationOutcome } from "../hypervisors/contract.ts";
import { ARTIFACT, type Moment, type StatisticsReading } from "../model/artifacts.ts";
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import type { EffectiveSetting, MigrationRecord } from "../model/migration.ts";
import type { Failure, PassRecord, Status } from "../model/run.ts";
import type { HostRole } from "../model/testbed.ts";
import { JsonLines } from "../run/write/files.ts";
import { Counting } from "./counting.ts";
import { awaitGuest } from "./guest-ready.ts";
import { Instruments } from "./instruments.ts";
import type { PassOptions } from "./pass-options.ts";
import { asFailure, runSteps, type Step } from "./steps.ts";
import { allOf } from "./together.ts";

/** Seconds per phase. They are safety nets, far above what a slow machine needs. */
const BUDGET = {
  powerOn: 120,
  idle: 60,
  statistics: 60,
  instruments: 60,
  counters: 60,
  teardown: 60,
  afterDeadline: 60,
};

/** Runs a pass to its end, however it ends. Never throws for what happened to the testbed: that is the record. */
export async function runPass(options: PassOptions): Promise<Omit<PassRecord, "artifacts">> {
  const { trial, kind, testbed, directory, clock, emit } = options;
  const { scenario } = trial;
  const { driver, vm } = testbed;
  const clocks = [clock()];
  const warnings: string[] = [];
  const settings: EffectiveSetting[] = [];
  const records = new JsonLines<MigrationRecord>(join(directory, ARTIFACT.migration));
  const statistics = new JsonLines<StatisticsReading>(join(directory, ARTIFACT.statistics));
  const counting = new Counting(testbed, directory, clock);
  const instruments = new Instruments(options, (message) => warnings.push(message));
  let outcome: MigrationOutcome | undefined;
  let back: PassRecord["back"];

  const observer: MigrationObserver = {
    event: (event) => records.append({ record: "event", ...event }),
    progress: (progress) => {
      records.append({ record: "progress", ...progress });
      emit({ type: "migration-progress", trial: trial.id, pass: kind, progress });
    },
  };

  const readStatistics = async (moment: Moment): Promise<undefined> => {
    const host = (await driver.locate()) ?? "source";
    const asked = [driver.statistics(), guestStatistics(testbed.guest, clock)];
    await allOf(asked.map(async (sample) => statistics.append({ moment, host, ...(await sample) })));
  };

  const move = (from: HostRole, signal: AbortSignal, watcher: MigrationObserver): Promise<MigrationOutcome> =>
    driver.migrate({ from, settings: scenario.settings, deadline: scenario.deadline, signal, observer: watcher });

  const migrate = async (signal: AbortSignal): Promise<string | undefined> => {
    const sampling = new AbortController();
    const sampler = counting.sample(sampling.signal);
    try {
      outcome = await move("source", signal, observer);
    } finally {
      sampling.abort();
      await sampler;
    }
    records.append({ record: "report", ...outcome.report });
    settings.push(...outcome.settings);
    warnings.push(...(outcome.warnings ?? []));
    if (outcome.status === "completed") return undefined;
    const where = outcome.runsOn === null ? "the VM is lost" : `the VM runs on the ${outcome.runsOn}`;
    throw new MigrascopeError(
      "MIGRATION_FAILED",
      `${outcome.status}: ${outcome.reason ?? "no reason given"}; ${where}`,
    );
  };

  const migrateBack = async (signal: AbortSignal): Promise<string | undefined> => {
    const began = clock();
    const returned = await move("destination", signal, { event: () => {}, progress: () => {} });
    const seconds = (clock().mono - began.mono) / 1e6;
    back = { status: returned.status, ...(returned.status === "completed" ? { totalTime: seconds } : {}) };
    if (returned.status !== "completed")
      throw new MigrascopeError("MIGRATION_FAILED", `back: ${returned.reason ?? returned.status}`);
    return undefined;
  };

  const quiet = kind === "quiet" ? "quiet pass" : undefined;
  const withDeadline = scenario.deadline + BUDGET.afterDeadline;
  const steps: Step[] = [
    {
      name: "power-on",
      kind: "essential",
      budget: BUDGET.powerOn,
      run: async (signal) => void (await driver.powerOn({ host: "source", vm, logDirectory: directory, signal })),
    },
    {
      name: "settle",
      kind: "essential",
      budget: scenario.bootDeadline + BUDGET.idle,
      run: (signal) => awaitGuest(testbed.guest, scenario.bootDeadline, signal),
    },
    { name: "statistics-before", kind: "instrument", budget: BUDGET.statistics, run: () => readStatistics("before") },
    {
      name: "start-captures",
      kind: "instrument",
      budget: BUDGET.instruments,
      skip: quiet,
      run: () => instruments.startCaptures(),
    },
    {
      name: "counters-before",
      kind: "instrument",
      budget: counting.patience + BUDGET.counters,
      run: (signal) => counting.read("before", signal),
    },
    {
      name: "start-prober",
      kind: "instrument",
      budget: BUDGET.instruments,
      skip: quiet,
      run: (signal) => instruments.startProber(signal),
    },
    { name: "migrate", kind: "instrument", budget: withDeadline, run: migrate },
    {
      name: "stop-prober",
      kind: "teardown",
      budget: BUDGET.teardown,
      skip: quiet,
      run: () => instruments.stopProber(),
    },
    {
      name: "stop-captures",
      kind: "teardown",
      budget: BUDGET.teardown,
      skip: quiet,
      run: () => instruments.stopCaptures(),
    },
    {
      name: "counters-after",
      kind: "instrument",
      budget: counting.patience + BUDGET.counters,
      run: (signal) => counting.read("after", signal),
    },
    { name: "statistics-after", kind: "instrument", budget: BUDGET.statistics, run: () => readStatistics("after") },
    {
      name: "migrate-back",
      kind: "instrument",
      budget: withDeadline,
      get skip() {
        return outcome?.status === "completed" ? undefined : "the VM did not move";
      },
      run: migrateBack,
    },
    { name: "power-off", kind: "teardown", budget: BUDGET.teardown, run: async () => void (await driver.powerOff()) },
  ];

  const done = await runSteps(steps, options.interrupt, clock, {
    started: (phase) => emit({ type: "phase-started", trial: trial.id, pass: kind, phase }),
    finished: ({ name, start, end, outcome: result, note }) =>
      emit({
        type: "phase-finished",
        trial: trial.id,
        pass: kind,
        phase: name,
        outcome: result,
        seconds: (end.mono - start.mono) / 1e6,
        note,
      }),
  });
  clocks.push(clock());

  const failures: Failure[] = [...done.failures];
  for (const file of [records, statistics, counting]) {
    try {
      file.close();
    } catch (error) {
      failures.push(asFailure(asMigrascopeError(error)));
    }
  }
  const hosts = await Promise.allSettled((["source", "destination"] as const).map((role) => driver.describe(role)));
  for (const failure of failures) emit({ type: "failure", trial: trial.id, failure });
  for (const message of warnings) emit({ type: "warning", trial: trial.id, message });
  return {
    kind,
    status: statusOf(done.broken, outcome, options.interrupt.aborted),
    failures,
    warnings,
    phases: [...done.phases],
    clocks,
    clockOffsets: [...(await testbed.clockOffsets().catch(() => []))],
    hosts: hosts.flatMap((host) => (host.status === "fulfilled" ? [host.value] : [])),
    settings,
    ...(kind === "probed" ? { probe: instruments.probe } : {}),
    switchPorts: { ...testbed.switch.ports },
    vm: { memory: vm.memory, vcpus: vm.vcpus, disk: vm.disk, mac: vm.mac, ipv4: vm.ipv4, ipv6: vm.ipv6 },
    ...(back === undefined ? {} : { back }),
  };
}

/**
 * A pass is what its migration was; one that never came to migrate was cancelled or has failed. A migration that was
 * cancelled without an interrupt was cancelled by its phase's deadline.
 */
function statusOf(
  broken: "failed" | "interrupted" | null,
  outcome: MigrationOutcome | undefined,
  interrupted: boolean,
): Status {
  if (outcome) return outcome.status === "cancelled" && !interrupted ? "timeout" : outcome.status;
  return broken === "interrupted" ? "cancelled" : "failed";
}

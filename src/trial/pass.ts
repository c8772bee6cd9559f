/**
 * One pass: power on, settle, measure, migrate, measure, migrate back, power off (the paper's Table 1). A quiet pass leaves
 * out everything that probes the VM or copies its packets, so that the difference to the probed pass is the probing's cost.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { guestStatistics } from "../guest/statistics.ts";
import type { MigrationObserver, MigrationOutcome } from "../hypervisors/contract.ts";
import { ARTIFACT, type DirtyRateReading, type Moment, type StatisticsReading } from "../model/artifacts.ts";
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import type { StatisticsSample } from "../model/host.ts";
import type { HostRole } from "../model/machines.ts";
import type { EffectiveSetting, MigrationRecord } from "../model/migration.ts";
import type { Failure, PassRecord, Status } from "../model/run.ts";
import { persistently } from "../remote/persistent.ts";
import { JsonLines } from "../run/write/files.ts";
import { Counting } from "./counting.ts";
import { awaitGuest } from "./guest-ready.ts";
import { GuestWork, type Span } from "./guest-work.ts";
import { Instruments } from "./instruments.ts";
import type { PassOptions } from "./pass-options.ts";
import { asFailure, runSteps, type Step, type StepsOutcome } from "./steps.ts";
import { allOf } from "./together.ts";

/** Seconds per phase. They are safety nets, far above what a slow machine needs. */
const BUDGET = {
  powerOn: 120,
  idle: 60,
  statistics: 60,
  instruments: 60,
  counters: 60,
  workload: 400,
  dirtyRate: 120,
  teardown: 60,
  records: 180,
  afterDeadline: 60,
};
/** Seconds from the migrate command to the hypervisor's first statistics during it, and between them. */
const STATISTICS_AFTER = 0.3;
const STATISTICS_EVERY = 5;
/** Seconds over which the hypervisor measures the dirty rate: it tells whole MiB/s. */
const DIRTY_RATE_OVER = 2;

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
  const dirtyRates = new JsonLines<DirtyRateReading>(join(directory, ARTIFACT.dirtyRate));
  const work = new GuestWork(options);
  const counting = new Counting(testbed, directory, clock, work.usesNetwork ? "service" : undefined);
  const instruments = new Instruments(options, (message) => warnings.push(message));
  let outcome: MigrationOutcome | undefined;
  let back: PassRecord["back"];
  let migration: Span | undefined;

  const observer: MigrationObserver = {
    event: (event) => {
      records.append({ record: "event", ...event });
      if (event.kind === "command") migration = { from: event.observed, to: event.observed };
    },
    progress: (progress) => {
      records.append({ record: "progress", ...progress });
      emit({ type: "migration-progress", trial: trial.id, pass: kind, progress });
    },
  };

  const keepStatistics = async (moment: Moment, asked: readonly Promise<StatisticsSample | undefined>[]) => {
    const host = (await driver.locate()) ?? "source";
    await allOf(
      asked.map(async (asking) => {
        const sample = await asking;
        if (sample) statistics.append({ moment, host, ...sample });
      }),
    );
    return undefined;
  };
  const readStatistics = (moment: Moment): Promise<undefined> =>
    keepStatistics(moment, [
      driver.statistics(),
      persistently(() => guestStatistics(testbed.guest, clock)),
      work.sample(),
    ]);

  /** The hypervisor's view while it migrates. The guest is not asked then: its answers would be traffic. */
  const sampleStatistics = async (signal: AbortSignal): Promise<void> => {
    const wait = (seconds: number): Promise<unknown> => sleep(seconds * 1000, undefined, { signal }).catch(() => {});
    for (await wait(STATISTICS_AFTER); !signal.aborted; await wait(STATISTICS_EVERY)) {
      const sample = await driver.statistics().catch(() => undefined);
      // An answer from after the end tells of another moment.
      if (sample && !signal.aborted) statistics.append({ moment: "during", host: "source", ...sample });
    }
  };

  const move = (from: HostRole, signal: AbortSignal, watcher: MigrationObserver): Promise<MigrationOutcome> =>
    driver.migrate({
      from,
      kind: scenario.migration,
      cold: scenario.cold,
      disk: scenario.disk,
      settings: scenario.settings,
      deadline: scenario.deadline,
      atDeadline: scenario.atDeadline,
      grace: scenario.grace,
      signal,
      observer: watcher,
    });

  /** A comparison that fails costs measurements, not the migration. */
  const compareClocks = async (moment: "before" | "after"): Promise<void> => {
    await work.compare(moment).catch((error: unknown) => {
      warnings.push(`the guest's clock could not be compared ${moment} the migration: ${(error as Error).message}`);
    });
  };

  const measureDirtyRate = async (signal: AbortSignal): Promise<undefined> => {
    const reading = await driver.capabilities.dirtyRate?.measure(DIRTY_RATE_OVER, signal);
    if (reading) dirtyRates.append(reading);
  };

  const finishWork = async (): Promise<undefined> => {
    for (const during of await work.finish(migration))
      statistics.append({ moment: "during", host: "source", ...during });
    if (work.invalid.length > 0) throw new MigrascopeError("WORKLOAD_FAILED", work.invalid.join("; "));
  };

  const migrate = async (signal: AbortSignal): Promise<string | undefined> => {
    await compareClocks("before");
    const sampling = new AbortController();
    const samplers = [counting.sample(sampling.signal), sampleStatistics(sampling.signal)];
    try {
      outcome = await move("source", signal, observer);
    } finally {
      if (migration) migration = { ...migration, to: clock() };
      sampling.abort();
      await Promise.all(samplers);
      await compareClocks("after");
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
  const idle = work.workloads.length === 0 ? "the guest is idle" : undefined;
  const unmeasured =
    driver.capabilities.dirtyRate === undefined ? `${driver.name} does not measure the dirty rate` : undefined;
  const withDeadline = scenario.deadline + BUDGET.afterDeadline;
  const steps: Step[] = [
    {
      name: "power-on",
      kind: "essential",
      budget: BUDGET.powerOn,
      run: async (signal) =>
        void (await driver.powerOn({
          host: "source",
          vm,
          disk: scenario.disk,
          kind: scenario.migration,
          logDirectory: directory,
          signal,
        })),
    },
    {
      name: "settle",
      kind: "essential",
      budget: scenario.bootDeadline + BUDGET.idle,
      run: (signal) => awaitGuest(testbed.guest, scenario.bootDeadline, signal),
    },
    {
      name: "start-workload",
      kind: "essential",
      budget: BUDGET.workload,
      skip: idle,
      run: (signal) => work.start(signal),
    },
    {
      name: "measure-dirty-rate",
      kind: "instrument",
      budget: BUDGET.dirtyRate,
      skip: idle ?? (work.dirtiesMemory ? unmeasured : "no workload writes memory"),
      run: measureDirtyRate,
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
    { name: "stop-workload", kind: "teardown", budget: BUDGET.records, skip: idle, run: finishWork },
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
  for (const file of [records, statistics, dirtyRates, counting]) {
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
    status: statusOf(done, outcome, work.invalid.length > 0, options.interrupt.aborted),
    failures,
    warnings,
    phases: [...done.phases],
    clocks,
    clockOffsets: [...(await testbed.clockOffsets().catch(() => []))],
    guestClocks: work.clocks,
    invalid: work.invalid,
    hosts: hosts.flatMap((host) => (host.status === "fulfilled" ? [host.value] : [])),
    settings,
    ...(kind === "probed" ? { probe: instruments.probe } : {}),
    switchPorts: { ...testbed.switch.ports },
    vm: {
      memory: vm.memory,
      vcpus: vm.vcpus,
      disk: vm.disk,
      swap: vm.swap,
      mac: vm.mac,
      ipv4: vm.ipv4,
      ipv6: vm.ipv6,
    },
    ...(back === undefined ? {} : { back }),
  };
}

/**
 * A pass is what its migration was; one that never came to migrate was cancelled or has failed, and so has one whose
 * workload did not run as planned, whatever became of the VM. A migration that was cancelled without an interrupt was
 * cancelled by its phase's deadline.
 */
function statusOf(
  { broken }: Pick<StepsOutcome, "broken">,
  outcome: MigrationOutcome | undefined,
  invalid: boolean,
  interrupted: boolean,
): Status {
  if (!outcome) return broken === "interrupted" ? "cancelled" : "failed";
  if (outcome.status === "cancelled" && !interrupted) return "timeout";
  return outcome.status === "completed" && invalid ? "failed" : outcome.status;
}

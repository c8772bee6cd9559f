/** The phases of a pass in their order: what each does, when it does not apply, and how long it may take. */
import { awaitGuest } from "./guest-ready.ts";
import type { PassOptions } from "./pass-options.ts";
import type { PassParts } from "./pass-parts.ts";
import * as act from "./pass-work.ts";
import type { Step } from "./steps.ts";

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
  // A host that does not answer gets time to come back, both here and there: otherwise it would not be known where the VM is.
  afterDeadline: 240,
  powerOff: 240,
};
/** Bytes per second at which a host makes or copies a disk even when it is slow. */
const SLOWEST_COPY = 10e6;

/** The order is that of `PHASES`, see there. */
export function passSteps(parts: PassParts): Step[] {
  const { work, options } = parts;
  const stopWork: Step = {
    name: "stop-workload",
    kind: "teardown",
    budget: BUDGET.records,
    skip: idle(parts),
    run: () => act.finishWork(parts),
  };
  // A cold migration shuts the guest down: what it worked on is on its disk by then, and its records are fetched.
  const early = options.trial.scenario.migration === "cold" && work.workloads.length > 0;
  return [
    ...preparing(parts),
    ...(early ? [stopWork] : []),
    ...migrating(parts),
    ...(early ? [] : [stopWork]),
    ...ending(parts),
  ];
}

const idle = ({ work }: PassParts): string | undefined =>
  work.workloads.length === 0 ? "the guest is idle" : undefined;

function preparing(parts: PassParts): Step[] {
  const { work, data, statistics, options } = parts;
  const { driver, guest, vm } = options.testbed;
  const { scenario } = options.trial;
  const wholeDisk = vm.disk / SLOWEST_COPY;
  const unmeasured =
    driver.capabilities.dirtyRate === undefined ? `${driver.name} does not measure the dirty rate` : undefined;
  return [
    {
      name: "power-on",
      kind: "essential",
      // Blocks may have to be written: of a preallocated disk, of a LUN that is blanked.
      budget: BUDGET.powerOn + wholeDisk,
      run: (signal) => act.powerOn(parts, signal),
    },
    {
      name: "settle",
      kind: "essential",
      budget: scenario.bootDeadline + BUDGET.idle,
      run: (signal) => awaitGuest(guest, scenario.bootDeadline, signal),
    },
    {
      name: "fill-disk",
      kind: "essential",
      budget: data.patience,
      skip: data.bytes === 0 ? "the scenario puts no data on the disk" : undefined,
      run: (signal) => data.fill(signal),
    },
    {
      name: "old-copy",
      kind: "essential",
      budget: BUDGET.powerOn + wholeDisk,
      skip:
        scenario.migration === "storage-incremental"
          ? undefined
          : `a ${scenario.migration} migration needs no old copy`,
      run: (signal) => act.makeOldCopy(parts, signal),
    },
    {
      name: "start-workload",
      kind: "essential",
      budget: BUDGET.workload,
      skip: idle(parts),
      run: (signal) => work.start(signal),
    },
    {
      name: "measure-dirty-rate",
      kind: "instrument",
      budget: BUDGET.dirtyRate,
      skip: idle(parts) ?? (work.dirtiesMemory ? unmeasured : "no workload writes memory"),
      run: (signal) => act.measureDirtyRate(parts, signal),
    },
    {
      name: "statistics-before",
      kind: "instrument",
      budget: BUDGET.statistics,
      run: () => statistics.read("before"),
    },
  ];
}

function migrating(parts: PassParts): Step[] {
  const { counting, instruments, moving, statistics, options } = parts;
  const quiet = options.kind === "quiet" ? "quiet pass" : undefined;
  return [
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
    {
      name: "migrate",
      kind: "instrument",
      budget: patienceOf(options) + options.trial.scenario.bootDeadline,
      run: (signal) => act.migrate(parts, signal),
    },
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
    {
      name: "statistics-after",
      kind: "instrument",
      budget: BUDGET.statistics,
      get skip() {
        return moving.lost;
      },
      run: () => statistics.read("after"),
    },
  ];
}

function ending(parts: PassParts): Step[] {
  const { data, moving, options } = parts;
  return [
    {
      name: "check-disk",
      kind: "instrument",
      budget: data.patience,
      get skip() {
        return data.unchecked ?? moving.lost;
      },
      run: (signal) => act.checkDisk(parts, signal),
    },
    {
      name: "migrate-back",
      kind: "instrument",
      budget: patienceOf(options),
      get skip() {
        return moving.outcome?.runsOn === "destination" ? undefined : "the VM did not move";
      },
      run: (signal) => moving.backAgain(signal),
    },
    { name: "power-off", kind: "teardown", budget: BUDGET.powerOff, run: () => act.powerOff(parts) },
  ];
}

/** Seconds until a migration, with what is done at its deadline, counts as stuck. */
const patienceOf = ({ trial: { scenario } }: PassOptions): number =>
  scenario.deadline + scenario.grace + BUDGET.afterDeadline;

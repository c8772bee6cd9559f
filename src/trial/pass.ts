/**
 * One pass: power on, settle, measure, migrate, measure, migrate back, power off (the paper's Table 1). A quiet pass leaves
 * out everything that probes the VM or copies its packets, so that the difference to the probed pass is the probing's cost.
 */
import type { MigrationOutcome } from "../hypervisors/contract.ts";
import type { PassRecord, Status } from "../model/run.ts";
import { Counting } from "./counting.ts";
import { DiskData } from "./disk-data.ts";
import { GuestWork } from "./guest-work.ts";
import { Instruments } from "./instruments.ts";
import { Moving } from "./moving.ts";
import { closeAll, openPassFiles } from "./pass-files.ts";
import type { PassOptions } from "./pass-options.ts";
import type { PassParts } from "./pass-parts.ts";
import { passSteps } from "./pass-steps.ts";
import { Statistics } from "./statistics.ts";
import { runSteps, type StepListener, type StepsOutcome } from "./steps.ts";

/** Runs a pass to its end, however it ends. Never throws for what happened to the testbed: that is the record. */
export async function runPass(options: PassOptions): Promise<Omit<PassRecord, "artifacts">> {
  const { trial, kind, testbed, directory, clock, emit, interrupt } = options;
  const clocks = [clock()];
  const warnings: string[] = [];
  const files = openPassFiles(directory);
  const work = new GuestWork(options);
  const parts: PassParts = {
    options,
    files,
    work,
    data: new DiskData(options),
    moving: new Moving(options, files),
    statistics: new Statistics(options, work, files.statistics),
    counting: new Counting(testbed, directory, clock, work.keepsBusy),
    instruments: new Instruments(options, (message) => warnings.push(message)),
    noted: { invalid: [], warnings },
  };
  const done = await runSteps(passSteps(parts), interrupt, clock, listenerOf(options));
  clocks.push(clock());

  const { moving, noted, data, instruments } = parts;
  const failures = [...done.failures, ...closeAll([...Object.values(files), parts.counting])];
  const hosts = await Promise.allSettled(
    (["source", "destination"] as const).map((role) => testbed.driver.describe(role)),
  );
  warnings.push(...moving.warnings);
  for (const failure of failures) emit({ type: "failure", trial: trial.id, failure });
  for (const message of warnings) emit({ type: "warning", trial: trial.id, message });
  const { outcome } = moving;
  const invalid = [...work.invalid, ...noted.invalid];
  return {
    kind,
    status: statusOf(done, outcome, invalid.length > 0, interrupt.aborted),
    failures,
    warnings,
    phases: [...done.phases],
    clocks,
    clockOffsets: [...(await testbed.clockOffsets().catch(() => []))],
    guestClocks: work.clocks,
    invalid,
    hosts: hosts.flatMap((host) => (host.status === "fulfilled" ? [host.value] : [])),
    settings: [...(outcome?.settings ?? [])],
    ...(kind === "probed" ? { probe: instruments.probe } : {}),
    switchPorts: { ...testbed.switch?.ports },
    vm: vmOf(options),
    ...(moving.back && { back: moving.back }),
    ...(data.record && { diskCheck: data.record }),
    ...(noted.oldCopy && { oldCopy: noted.oldCopy }),
    ...(outcome?.ports && { migrationPorts: outcome.ports }),
  };
}

const listenerOf = ({ trial, kind, emit }: PassOptions): StepListener => ({
  started: (phase) => emit({ type: "phase-started", trial: trial.id, pass: kind, phase }),
  finished: ({ name, start, end, outcome, note }) =>
    emit({
      type: "phase-finished",
      trial: trial.id,
      pass: kind,
      phase: name,
      outcome,
      seconds: (end.mono - start.mono) / 1e6,
      note,
    }),
});

function vmOf({ testbed }: PassOptions): PassRecord["vm"] {
  const { memory, vcpus, disk, swap, mac, ipv4, ipv6 } = testbed.vm;
  return { memory, vcpus, disk, swap, mac, ipv4, ipv6 };
}

/**
 * A pass is what its migration was; one that never came to migrate was cancelled or has failed, and so has one whose
 * workload did not run as planned or whose VM is not what it was. A migration that was cancelled without an interrupt was
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

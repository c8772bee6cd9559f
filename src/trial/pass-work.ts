/** What the phases of a pass do that concerns more than one of its parts. */
import { MigrascopeError } from "../model/errors.ts";
import type { PassParts } from "./pass-parts.ts";

/** Seconds over which the hypervisor measures the dirty rate: it tells whole MiB/s. */
const DIRTY_RATE_OVER = 2;

/** @throws what the driver threw. */
export async function powerOn({ options }: PassParts, signal: AbortSignal): Promise<undefined> {
  const { testbed, trial, directory } = options;
  const { migration, disk, settings } = trial.scenario;
  await testbed.driver.powerOn({
    host: "source",
    vm: testbed.vm,
    disk,
    kind: migration,
    settings,
    logDirectory: directory,
    signal,
  });
}

/** @throws MigrascopeError SETTING_UNSUPPORTED, or what the driver threw. */
export async function makeOldCopy({ options, noted }: PassParts, signal: AbortSignal): Promise<string> {
  const { driver } = options.testbed;
  const { oldCopy } = driver.capabilities;
  if (!oldCopy)
    throw new MigrascopeError("SETTING_UNSUPPORTED", `${driver.name} cannot put an old copy of the disk anywhere`);
  const began = options.clock().mono;
  const bytes = await oldCopy.make(signal);
  noted.oldCopy = { bytes, seconds: (options.clock().mono - began) / 1e6 };
  return `it takes ${bytes} bytes`;
}

/** @throws what the driver threw. */
export async function measureDirtyRate({ options, files }: PassParts, signal: AbortSignal): Promise<undefined> {
  const reading = await options.testbed.driver.capabilities.dirtyRate?.measure(DIRTY_RATE_OVER, signal);
  if (reading) files.dirtyRate.append(reading);
}

/**
 * Stops the workloads and keeps their records; again only what the first time came to.
 * @throws MigrascopeError WORKLOAD_FAILED when the pass does not count, or what failed.
 */
export async function finishWork({ work, moving, statistics, options }: PassParts): Promise<string | undefined> {
  const again = work.isFinishing;
  // In a cold migration nobody can ask for it later.
  if (options.trial.scenario.migration === "cold") await work.compare("before").catch(() => {});
  const during = await work.finish(moving.span);
  if (!again) statistics.during(during);
  if (work.invalid.length > 0) throw new MigrascopeError("WORKLOAD_FAILED", work.invalid.join("; "));
  return again ? "they were stopped before the guest was shut down" : undefined;
}

/** @throws as `Moving.there`. */
export async function migrate(parts: PassParts, signal: AbortSignal): Promise<undefined> {
  const { work, counting, statistics, moving } = parts;
  await compareClocks(parts, "before");
  const sampling = new AbortController();
  const samplers = [counting.sample(sampling.signal), statistics.sample(sampling.signal)];
  try {
    // What failed is told by its own phase, which comes later.
    await moving.there(signal, async () => void (await finishWork(parts).catch(() => undefined)));
  } finally {
    sampling.abort();
    await Promise.all(samplers);
    const gone = moving.lost ?? (moving.wasShutDown ? "the guest was shut down" : undefined);
    if (gone === undefined) await compareClocks(parts, "after");
    else work.abandon(gone);
    if (moving.lost !== undefined) parts.noted.invalid.push(moving.lost);
  }
}

/** @throws as `DiskData.check`. */
export async function checkDisk({ data, noted }: PassParts, signal: AbortSignal): Promise<string> {
  try {
    return await data.check(signal);
  } catch (error) {
    if (error instanceof MigrascopeError && error.code === "DISK_DIFFERS") noted.invalid.push(error.message);
    throw error;
  }
}

/** @throws what the driver threw. */
export async function powerOff({ options, data, moving }: PassParts): Promise<undefined> {
  // A VM that is not ours keeps its disk. That it cannot be asked is told elsewhere already.
  if (moving.lost === undefined) await data.remove().catch(() => {});
  await options.testbed.driver.powerOff();
}

/** A comparison that fails costs measurements, not the migration. */
async function compareClocks({ work, noted }: PassParts, moment: "before" | "after"): Promise<void> {
  await work.compare(moment).catch((error: unknown) => {
    noted.warnings.push(`the guest's clock could not be compared ${moment} the migration: ${(error as Error).message}`);
  });
}

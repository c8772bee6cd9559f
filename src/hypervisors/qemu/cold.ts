/**
 * Cold migration of a VM whose live migration does not end: shut it down, start it on the destination. Its disk is shared,
 * so nothing is copied; the guest boots anew.
 */
import { cancel, completed, currentReport, stayed } from "./ending.ts";
import type { Instance } from "./instance.ts";
import type { Ended, Migration } from "./migration.ts";

/** Seconds that the guest gets to shut down after its power button was pressed. */
export const SHUT_DOWN = 30;

/** @param why the live migration did not do. */
export async function migrateCold(migration: Migration, why: string): Promise<Ended> {
  const { source, destination, watch, request } = migration;
  await cancel(migration);
  if (watch.sourceStatus === "completed") return await completed(migration, "completed");
  if (watch.lostSource || request.signal.aborted) {
    const words = watch.lostSource ? "the source was lost" : "interrupted on request";
    return await stayed(migration, request.signal.aborted ? "cancelled" : "failed", words);
  }
  const report = await currentReport(migration);
  // It has part of a memory that is worth nothing now, and the tap and the disk that the VM needs there.
  await destination.stop({ grace: false });
  await request.beforeShutDown?.();
  watch.did("part", "shut-down");
  if (!(await shutDown(migration)) && (await source.isRunning().catch(() => false))) {
    const reason = `${why}; ${unwilling(patienceOf(migration))}`;
    return { status: "timeout", reason, report, runsOn: source.role, instance: source };
  }
  await source.stop();
  watch.stopped();
  watch.did("part-end", "shut-down");
  watch.did("part", "start");
  const started = await start(migration);
  watch.did("part-end", "start");
  if (typeof started === "string") {
    const reason = `${why}; the VM was shut down, and then started on no host: ${started}`;
    return { status: "failed", reason, report, runsOn: null };
  }
  const { instance, failure } = started;
  if (failure === undefined) return { status: "completed", report, runsOn: instance.role, instance };
  const reason = `${why}; the VM was shut down and could not be started on the ${destination.role} (${failure}): it was started where it had been`;
  return { status: "failed", reason, report, runsOn: instance.role, instance };
}

const patienceOf = ({ request }: Migration): number => Math.min(SHUT_DOWN, request.grace);

/** Nobody switches a guest off that does not want to: what it has not written to its disk would be lost. */
const unwilling = (seconds: number): string =>
  `the guest did not shut down within ${seconds} s of its power button being pressed: it goes on where it was`;

/** Presses the power button. @returns whether the guest has shut down. */
async function shutDown(migration: Migration): Promise<boolean> {
  const { source, watch } = migration;
  await source.qmp.execute("system_powerdown").catch(() => {});
  const seconds = patienceOf(migration);
  return (await watch.waitFor(() => watch.shutDown || watch.lostSource, { seconds })) === "met" && watch.shutDown;
}

/** On the destination or else, rather than nowhere, on the source. @returns why it runs on neither. */
async function start(migration: Migration): Promise<{ instance: Instance; failure?: string } | string> {
  const { source, destination, watch } = migration;
  const failures: string[] = [];
  for (const { role } of [destination, source]) {
    try {
      const instance = await migration.boot(role);
      watch.started(role);
      return { instance, ...(failures[0] !== undefined && { failure: failures[0] }) };
    } catch (error) {
      failures.push(`${role}: ${(error as Error).message}`);
    }
  }
  return failures.join("; ");
}

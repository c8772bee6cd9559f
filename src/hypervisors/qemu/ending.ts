/** How a migration ended, and what is true afterwards: on which host the VM runs, if on any. */
import { setTimeout as sleep } from "node:timers/promises";
import type { MigrationReport } from "../../model/migration.ts";
import type { Status } from "../../model/run.ts";
import type { Ended, Migration } from "./migration.ts";
import { errorOf, toReport } from "./progress.ts";
import { QmpError } from "./qmp/messages.ts";

/** Seconds that QEMU gets to carry out a cancellation, and to resume the VM on either side. */
const CANCEL_GRACE = 15;
const RESUME_GRACE = 10;
/** Seconds that the source gets to notice that the destination is gone. */
const NOTICE_GRACE = 10;
/** States of an incoming side to which nothing has come yet, and in which nothing more will. */
const WAITING = new Set(["none", "setup"]);
const SETTLED = new Set(["completed", "failed", "postcopy-paused"]);

/** The source is through, or one of the two is gone. */
export async function conclude(migration: Migration): Promise<Ended> {
  const { source, watch } = migration;
  if (!watch.isOver) {
    // Only the destination is gone; the source notices when its connection breaks.
    if ((await watch.waitFor(() => watch.isOver, { seconds: NOTICE_GRACE })) !== "met" && !watch.switched) {
      await cancel(migration);
    }
  }
  if (watch.sourceStatus === "completed") return await completed(migration, "completed");
  const info = await source.qmp.execute("query-migrate").catch(() => null);
  const gone = watch.lostSource
    ? "the source was lost"
    : watch.lostDestination
      ? "the destination was lost"
      : undefined;
  const words = [gone ?? errorOf(info) ?? `the migration's state is ${watch.sourceStatus}`, watch.notRecovered];
  return await failed(migration, words.filter((each) => each !== undefined).join("; "));
}

/** The source has sent everything. It is a success only when the VM runs on the destination. */
export async function completed(migration: Migration, status: Status, late?: string): Promise<Ended> {
  const { destination, watch } = migration;
  const report = await finalReport(migration);
  const there = (): boolean => (watch.resumed || watch.paused) && watch.destinationStatus === "completed";
  await watch.waitFor(() => there() || watch.lostDestination, { seconds: RESUME_GRACE });
  if (watch.paused && there()) await letGo(migration);
  const runs = await destination.isRunning().catch(() => false);
  if (runs) return { status, ...(late !== undefined && { reason: late }), report, runsOn: destination.role };
  const reason = "the source has sent everything, but the VM does not run on the destination";
  // Had it run there, its disk could have changed: starting the old state again would corrupt it.
  if (watch.resumed || watch.switched)
    return { status: "failed", reason: await explain(migration, reason), report, runsOn: null };
  return await stayed(migration, "failed", await explain(migration, reason), report);
}

/** A VM that was paused before it was migrated stays paused on the destination until it is told to run. */
async function letGo({ destination, watch }: Migration): Promise<void> {
  if (watch.resumed || (await destination.isRunning().catch(() => true))) return;
  await destination.qmp.execute("cont").catch(() => {});
  await watch.waitFor(() => watch.resumed || watch.lostDestination, { seconds: RESUME_GRACE });
}

export async function cancel({ source, watch }: Migration): Promise<void> {
  watch.did("cancel");
  await source.qmp.execute("migrate_cancel").catch(() => {});
  await watch.waitFor(() => watch.isOver, { seconds: CANCEL_GRACE });
}

/** Something broke. Where does the VM run, if anywhere? */
export async function failed(migration: Migration, words: string): Promise<Ended> {
  const { destination, watch } = migration;
  // Mostly a process has ended, which is known a moment later than what it broke.
  await watch.waitFor(() => watch.lostSource || watch.lostDestination, { seconds: 0.3 });
  // A source that is gone may have sent everything: the destination reads what has come before it knows.
  if (watch.lostSource && !WAITING.has(watch.destinationStatus)) {
    const settled = (): boolean => SETTLED.has(watch.destinationStatus) || watch.lostDestination;
    await watch.waitFor(settled, { seconds: RESUME_GRACE });
  }
  const reason = await explain(migration, words);
  const report = await currentReport(migration);
  if (watch.paused && watch.destinationStatus === "completed") await letGo(migration);
  const onDestination = watch.resumed && (await destination.isRunning().catch(() => false));
  if (!watch.lostSource && !onDestination && !watch.inPostCopy) return stayed(migration, "failed", reason, report);
  // Without its source a VM in post-copy waits for ever for the first page that it misses.
  const whole = !watch.inPostCopy || watch.destinationStatus === "completed";
  return { status: "failed", reason, report, runsOn: onDestination && whole ? destination.role : null };
}

/** The VM is to go on where it was. The destination is ended first: never two at once on one disk. */
export async function stayed(
  migration: Migration,
  status: Status,
  reason: string,
  report?: MigrationReport,
): Promise<Ended> {
  const { source, destination } = migration;
  const account = report ?? (await currentReport(migration));
  await destination.stop({ grace: false });
  const runs = await resumeOnSource(migration);
  return { status, reason, report: account, runsOn: runs ? source.role : null };
}

/** QEMU lets the VM go on by itself when a migration fails early; after it has sent everything, or when we paused it, it must be told. */
async function resumeOnSource({ source, watch }: Migration): Promise<boolean> {
  const until = performance.now() + RESUME_GRACE * 1000;
  for (let attempt = 0; performance.now() < until; attempt++) {
    try {
      if (await source.isRunning()) return true;
      if (source.hasEnded) return false;
      if (watch.paused || attempt >= 5) await source.qmp.execute("cont");
    } catch (error) {
      if (!(error instanceof QmpError)) return false;
    }
    await sleep(100);
  }
  return false;
}

/** QEMU reports the end before it has computed the total time. */
async function finalReport(migration: Migration): Promise<MigrationReport> {
  for (let attempt = 0; ; attempt++) {
    const report = await currentReport(migration);
    if ((report.totalTime ?? 0) > 0 || attempt >= 100 || migration.watch.lostSource) return report;
    await sleep(10);
  }
}

export const currentReport = async ({ source }: Migration): Promise<MigrationReport> =>
  toReport(await source.qmp.execute("query-migrate").catch(() => null));

/** The reason with what either end's process had to say. A lost one's end is known a moment after its connection broke. */
async function explain({ source, destination, watch }: Migration, words: string): Promise<string> {
  await Promise.all([watch.lostSource && source.endsWithin(1), watch.lostDestination && destination.endsWithin(1)]);
  const parts = [words];
  for (const instance of [source, destination]) {
    if (instance.hasEnded) parts.push(`QEMU on the ${instance.role} ${instance.exit}`);
    const tail = instance.logTail();
    if (tail !== "" && !words.includes(tail)) parts.push(`${instance.role}: ${tail}`);
  }
  return parts.join("; ");
}

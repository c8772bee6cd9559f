/**
 * One live migration between two QEMUs that are ready for it: command, wait, and what is true afterwards.
 *
 * Post-copy has a point of no return. Once it was asked for, the migration is never cancelled: QEMU would obey (7.2 does)
 * and the VM, with its memory on both sides, would be lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HostRole } from "../../model/machines.ts";
import type { MigrationReport } from "../../model/migration.ts";
import type { Status } from "../../model/run.ts";
import type { MigrationRequest } from "../contract.ts";
import type { Instance } from "./instance.ts";
import { errorOf, toReport } from "./progress.ts";
import { QmpError } from "./qmp/messages.ts";
import type { MigrationWatch } from "./watch.ts";

/** Seconds that QEMU gets to carry out a cancellation, and to resume the VM on either side. */
const CANCEL_GRACE = 15;
const RESUME_GRACE = 10;
/** Seconds that a post-copy migration gets to end by itself after its deadline. */
const POST_COPY_GRACE = 60;
/** Seconds that the source gets to notice that the destination is gone. */
const NOTICE_GRACE = 10;

export interface Ended {
  readonly status: Status;
  readonly reason?: string;
  readonly report: MigrationReport;
  readonly runsOn: HostRole | null;
}

export interface Migration {
  readonly source: Instance;
  readonly destination: Instance;
  readonly watch: MigrationWatch;
  readonly request: MigrationRequest;
  readonly uri: string;
}

/** Never throws: whatever happens is the outcome. */
export async function migrate(migration: Migration): Promise<Ended> {
  const { source, watch, request, uri } = migration;
  watch.did("command");
  const accepted = source.qmp.execute("migrate", { uri });
  watch.startSampling();
  const disarm = armPostCopy(migration);
  try {
    await accepted;
    const over = (): boolean => watch.isOver || watch.lostDestination;
    const how = await watch.waitFor(over, { seconds: request.deadline, signal: request.signal });
    disarm();
    if (how === "met") return await conclude(migration);
    return await giveUp(migration, how === "timeout" ? "timeout" : "cancelled");
  } catch (error) {
    if (error instanceof QmpError) return await stayed(migration, "failed", error.message);
    return await failed(migration, (error as Error).message);
  } finally {
    disarm();
  }
}

/** Asks for the switch to post-copy at the round or time that the settings name. @returns a function that ends it. */
function armPostCopy(migration: Migration): () => void {
  const { watch, request } = migration;
  const { afterRound, afterTime } = request.settings.postCopy ?? {};
  const disarm = new AbortController();
  const armed = (condition: () => boolean, seconds: number, expected: "met" | "timeout"): void => {
    void watch.waitFor(condition, { seconds, signal: disarm.signal }).then((how) => {
      // A refusal is with the observer; the migration goes on as pre-copy.
      if (how === expected) switchToPostCopy(migration).catch(() => {});
    });
  };
  // Round n is over when round n + 1 begins.
  if (afterRound !== undefined) armed(() => watch.round > afterRound, request.deadline + 1, "met");
  if (afterTime !== undefined) armed(() => watch.isOver, afterTime, "timeout");
  return () => disarm.abort();
}

/** Idempotent. @throws QmpError when QEMU refuses, which the observer is told too. */
export async function switchToPostCopy({ source, watch }: Pick<Migration, "source" | "watch">): Promise<void> {
  if (watch.switched || watch.isOver) return;
  watch.switched = true;
  watch.did("switch-to-post-copy");
  try {
    await source.qmp.execute("migrate-start-postcopy");
  } catch (error) {
    if (!(error instanceof QmpError)) return;
    watch.switched = false;
    watch.did("status", error.message);
    throw error;
  }
}

/** The source is through, or one of the two is gone. */
async function conclude(migration: Migration): Promise<Ended> {
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
  return await failed(migration, errorOf(info) ?? gone ?? `the migration's state is ${watch.sourceStatus}`);
}

/** The source has sent everything. It is a success only when the VM runs on the destination. */
async function completed(migration: Migration, status: Status, late?: string): Promise<Ended> {
  const { destination, watch } = migration;
  const report = await finalReport(migration);
  const there = (): boolean => watch.resumed && watch.destinationStatus === "completed";
  await watch.waitFor(() => there() || watch.lostDestination, { seconds: RESUME_GRACE });
  const runs = await destination.isRunning().catch(() => false);
  if (runs) return { status, ...(late !== undefined && { reason: late }), report, runsOn: destination.role };
  const reason = "the source has sent everything, but the VM does not run on the destination";
  // Had it run there, its disk could have changed: starting the old state again would corrupt it.
  if (watch.resumed || watch.switched)
    return { status: "failed", reason: explain(migration, reason), report, runsOn: null };
  return await stayed(migration, "failed", explain(migration, reason), report);
}

/** Deadline or interruption. */
async function giveUp(migration: Migration, status: "timeout" | "cancelled"): Promise<Ended> {
  const { watch, request, destination } = migration;
  const why =
    status === "timeout" ? `not completed within the deadline of ${request.deadline} s` : "interrupted on request";
  if (watch.switched) {
    const started = performance.now();
    await watch.waitFor(() => watch.isOver || watch.lostDestination, { seconds: POST_COPY_GRACE });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const note = `${why}; post-copy cannot be cancelled without losing the VM`;
    if (watch.sourceStatus === "completed")
      return await completed(migration, status, `${note}: it ended ${seconds} s later`);
    if (watch.isOver || watch.lostDestination) return await failed(migration, note);
    const runs = await destination.isRunning().catch(() => false);
    const reason = `${note}: it has not ended ${seconds} s later either`;
    return { status, reason, report: await currentReport(migration), runsOn: runs ? destination.role : null };
  }
  await cancel(migration);
  if (watch.sourceStatus === "completed") return await completed(migration, "completed");
  return await stayed(migration, status, why);
}

async function cancel({ source, watch }: Migration): Promise<void> {
  watch.did("cancel");
  await source.qmp.execute("migrate_cancel").catch(() => {});
  await watch.waitFor(() => watch.isOver, { seconds: CANCEL_GRACE });
}

/** Something broke. Where does the VM run, if anywhere? */
async function failed(migration: Migration, words: string): Promise<Ended> {
  const { source, destination, watch } = migration;
  // Mostly a process has ended, which is known a moment later than what it broke.
  await watch.waitFor(() => watch.lostSource || watch.lostDestination, { seconds: 0.3 });
  await Promise.all([watch.lostSource && source.endsWithin(1), watch.lostDestination && destination.endsWithin(1)]);
  const reason = explain(migration, words);
  const report = await currentReport(migration);
  const onDestination = watch.resumed && (await destination.isRunning().catch(() => false));
  if (!watch.lostSource && !onDestination && !watch.inPostCopy) return stayed(migration, "failed", reason, report);
  // Without its source a VM in post-copy waits for ever for the first page that it misses.
  const whole = !watch.inPostCopy || watch.destinationStatus === "completed";
  return { status: "failed", reason, report, runsOn: onDestination && whole ? destination.role : null };
}

/** The VM is to go on where it was. The destination is ended first: never two at once on one disk. */
async function stayed(migration: Migration, status: Status, reason: string, report?: MigrationReport): Promise<Ended> {
  const { source, destination } = migration;
  const account = report ?? (await currentReport(migration));
  await destination.stop({ grace: false });
  const runs = await resumeOnSource(migration);
  return { status, reason, report: account, runsOn: runs ? source.role : null };
}

/** QEMU lets the VM go on by itself when a migration fails early; after it has sent everything it must be told. */
async function resumeOnSource({ source }: Migration): Promise<boolean> {
  const until = performance.now() + RESUME_GRACE * 1000;
  for (let attempt = 0; performance.now() < until; attempt++) {
    try {
      if (await source.isRunning()) return true;
      if (source.hasEnded) return false;
      if (attempt >= 5) await source.qmp.execute("cont");
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

const currentReport = async ({ source }: Migration): Promise<MigrationReport> =>
  toReport(await source.qmp.execute("query-migrate").catch(() => null));

/** The reason with what either end's process had to say. */
function explain({ source, destination }: Migration, words: string): string {
  const parts = [words];
  for (const instance of [source, destination]) {
    if (instance.hasEnded) parts.push(`QEMU on the ${instance.role} ${instance.exit}`);
    const tail = instance.logTail();
    if (tail !== "" && !words.includes(tail)) parts.push(`${instance.role}: ${tail}`);
  }
  return parts.join("; ");
}

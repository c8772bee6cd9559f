/**
 * One live migration between two libvirts: command, wait, and what is true afterwards.
 *
 * The command is virsh's on the source. In a peer-to-peer migration libvirt itself goes on when virsh or our connection to
 * the host dies: then the hosts are asked what became of it.
 *
 * Post-copy has a point of no return. Once it was asked for, the migration is never cancelled: the VM, with its memory on
 * both sides, would be lost.
 */
import { issue } from "./command.ts";
import { conclude } from "./conclude.ts";
import { actAtDeadline } from "./deadline.ts";
import { type Ended, isOver, type Migration } from "./migration.ts";
import { armSwitches } from "./switches.ts";

/** Seconds that libvirt gets to carry out a cancellation. */
const CANCEL_GRACE = 30;
/** Seconds that a post-copy migration gets to end by itself after its deadline. */
const POST_COPY_GRACE = 60;

/** Never throws: whatever happens is the outcome. */
export async function migrate(migration: Migration): Promise<Ended> {
  const { watch, request } = migration;
  const disarm = armSwitches(migration);
  try {
    await issue(migration, migration.command);
    watch.startSampling();
    const how = await watch.waitFor(() => isOver(migration), {
      seconds: migration.left,
      signal: request.signal,
    });
    if (how === "met") return await conclude(migration);
    disarm();
    if (how === "aborted") return await giveUp(migration, "cancelled", "interrupted on request");
    return await late(migration);
  } catch (error) {
    return await conclude(migration, (error as Error).message);
  } finally {
    disarm();
  }
}

/** The deadline has come: does what the plan says, and gives the migration `grace` to end. */
async function late(migration: Migration): Promise<Ended> {
  const { watch, request } = migration;
  const why = `not completed within the deadline of ${request.deadline} s`;
  if (request.atDeadline === "cancel" || request.atDeadline === "cold") {
    watch.did("deadline", request.atDeadline);
    return await giveUp(migration, "timeout", why);
  }
  const refused = await actAtDeadline(migration);
  if (refused !== undefined) return await giveUp(migration, "timeout", `${why}; ${request.atDeadline}: ${refused}`);
  const how = await watch.waitFor(() => isOver(migration), { seconds: request.grace, signal: request.signal });
  if (how === "met") return await conclude(migration);
  return await giveUp(
    migration,
    how === "aborted" ? "cancelled" : "timeout",
    `${why}, nor ${request.grace} s after it (${request.atDeadline})`,
  );
}

/** Cancels what can be cancelled. */
async function giveUp(migration: Migration, status: "timeout" | "cancelled", why: string): Promise<Ended> {
  const { watch, virsh, from, domain, said, request } = migration;
  if (watch.switched) {
    await watch.waitFor(() => isOver(migration), { seconds: Math.max(request.grace, POST_COPY_GRACE) });
    const ended = await conclude(migration, `${why}; post-copy cannot be cancelled without losing the VM`);
    return ended.status === "completed" ? { ...ended, reason: `${why}; in post-copy it ended later` } : ended;
  }
  watch.did("cancel");
  await virsh[from].run(["domjobabort", domain], { timeout: CANCEL_GRACE }).catch((error: unknown) => {
    watch.did("status", (error as Error).message);
  });
  await watch.waitFor(() => isOver(migration), { seconds: CANCEL_GRACE });
  const completed = said.exitCode === 0;
  const ended = await conclude(migration, why);
  // It was faster than the cancellation.
  if (completed && ended.status === "completed") return ended;
  return ended.runsOn === null ? ended : { ...ended, status, reason: why, report: ended.report };
}

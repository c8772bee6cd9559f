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
import { endCommand } from "./end-command.ts";
import { type Ended, isOver, type Migration } from "./migration.ts";
import { armSwitches } from "./switches.ts";

/** Seconds that libvirt gets to carry out a cancellation, and before it is asked again when it would not. */
const CANCEL_GRACE = 30;
const ASK_AGAIN = 1;
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
    leaveCommand(migration);
  }
}

/**
 * A virsh that has not ended by now hangs on a host that does not answer: our process would not end before it. One that carries
 * a direct migration is part of it, and after the switch to post-copy that must go on.
 */
function leaveCommand({ said, request, watch }: Migration): void {
  if (said.running && !(request.settings.path === "direct" && watch.switched)) void endCommand(said.running);
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
  const { watch, from, request } = migration;
  await cancel(migration);
  if (watch.switched) {
    await watch.waitFor(() => isOver(migration), { seconds: Math.max(request.grace, POST_COPY_GRACE) });
    const ended = await conclude(migration, `${why}; post-copy cannot be cancelled without losing the VM`);
    return ended.status === "completed" ? { ...ended, reason: `${why}; in post-copy it ended later` } : ended;
  }
  const ended = await conclude(migration, why);
  // It was faster than the cancellation, or it is not where a cancelled one would be.
  if (ended.status === "completed" || ended.runsOn !== from) return ended;
  return { ...ended, status, reason: why };
}

/** Asks again where libvirt refuses: before the migration has begun on both hosts there is nothing that it could abort. */
async function cancel(migration: Migration): Promise<void> {
  const { watch, virsh, from, domain } = migration;
  if (watch.switched) return;
  watch.did("cancel");
  const until = performance.now() + CANCEL_GRACE * 1000;
  const left = (): number => Math.max(0, until - performance.now()) / 1000;
  let told: string | undefined;
  for (let accepted = false; !isOver(migration) && !watch.switched && left() > 0; ) {
    try {
      if (!accepted) await virsh[from].run(["domjobabort", domain], { timeout: CANCEL_GRACE });
      accepted = true;
    } catch (error) {
      const { message } = error as Error;
      if (message !== told) watch.did("status", message);
      told = message;
    }
    await watch.waitFor(() => isOver(migration) || watch.switched, { seconds: accepted ? left() : ASK_AGAIN });
  }
}

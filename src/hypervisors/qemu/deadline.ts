/** What is done when the deadline has come, and when a migration is given up. What must be set for it before: prepared.ts. */
import { MigrascopeError } from "../../model/errors.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { DeadlineAction } from "../../model/movement.ts";
import { migrateCold } from "./cold.ts";
import { cancel, completed, conclude, currentReport, failed, stayed } from "./ending.ts";
import type { Ended, Migration } from "./migration.ts";
import { untilOver } from "./recovery.ts";
import { pause, switchToPostCopy } from "./switches.ts";
import { letLoose } from "./throttle.ts";

/** Seconds that a post-copy migration gets to end by itself when it was interrupted: it cannot be cancelled. */
const POST_COPY_GRACE = 60;

export const DEADLINE_ACTIONS = ["cancel", "pause", "post-copy", "throttle", "cold"] as const;

const DONE: Readonly<Record<DeadlineAction, string>> = {
  cancel: "it was cancelled",
  pause: "the VM was paused",
  "post-copy": "it was in post-copy",
  throttle: "the vCPUs were throttled",
  cold: "it was migrated cold",
};

/** Never throws for what QEMU does. */
export async function atDeadline(migration: Migration): Promise<Ended> {
  const { watch, request } = migration;
  // Whatever the plan says, a migration in post-copy can only be let end.
  const action = watch.switched ? "post-copy" : request.atDeadline;
  const why = `not completed within the deadline of ${request.deadline} s`;
  watch.did("deadline", action);
  if (action === "cancel") return await giveUp(migration, "timeout", why);
  if (action === "cold") return await migrateCold(migration, why);
  let settings: readonly EffectiveSetting[] = [];
  try {
    settings = await act(migration, action);
  } catch (error) {
    const words = error instanceof MigrascopeError ? error.message : String(error);
    return await giveUp(migration, "timeout", `${why}; ${action} was refused: ${words}`);
  }
  const how = await untilOver(migration, { seconds: request.grace, signal: request.signal });
  return { ...(await afterGrace(migration, how, `${why}; ${DONE[action]}`)), settings };
}

async function act(migration: Migration, action: DeadlineAction): Promise<readonly EffectiveSetting[]> {
  if (action === "throttle") return await letLoose(migration);
  await (action === "pause" ? pause(migration) : switchToPostCopy(migration));
  return [];
}

async function afterGrace(migration: Migration, how: "met" | "timeout" | "aborted", done: string): Promise<Ended> {
  if (how === "met") return await conclude(migration);
  if (how === "aborted") return await interrupted(migration);
  return await giveUp(
    migration,
    "timeout",
    `${done}, and it had not completed ${migration.request.grace} s later either`,
  );
}

/** Ctrl-C: cancelled, unless that would lose the VM. */
export async function interrupted(migration: Migration): Promise<Ended> {
  const why = "interrupted on request";
  if (!migration.watch.switched) return await giveUp(migration, "cancelled", why);
  const begun = performance.now();
  await untilOver(migration, { seconds: POST_COPY_GRACE });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  if (migration.watch.sourceStatus === "completed")
    return await completed(migration, "cancelled", `${why}; ${NO_WAY_BACK}: it ended ${seconds} s later`);
  return await giveUp(migration, "cancelled", `${why}, ${seconds} s ago`);
}

const NO_WAY_BACK = "post-copy cannot be cancelled without losing the VM";

/**
 * Ends it. Post-copy has a point of no return: once it was asked for, the migration is never cancelled. QEMU would obey (7.2
 * does) and the VM, with its memory on both sides, would be lost. So it is left running.
 */
async function giveUp(migration: Migration, status: "timeout" | "cancelled", why: string): Promise<Ended> {
  const { watch, destination } = migration;
  if (watch.switched) {
    if (watch.sourceStatus === "completed") return await completed(migration, "completed");
    if (watch.isOver || watch.lostDestination) return await failed(migration, why);
    const runs = await destination.isRunning().catch(() => false);
    const reason = `${why}; ${NO_WAY_BACK}: it goes on`;
    return { status, reason, report: await currentReport(migration), runsOn: runs ? destination.role : null };
  }
  await cancel(migration);
  if (watch.sourceStatus === "completed") return await completed(migration, "completed");
  return await stayed(migration, status, why);
}

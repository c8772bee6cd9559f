/** Switching a running migration to post-copy. */
import { isOver, type Migration } from "./migration.ts";

/** Asks for the switch to post-copy at the round or time that the settings name. @returns a function that ends it. */
export function armPostCopy(migration: Migration): () => void {
  const { watch, request } = migration;
  const { afterRound, afterTime } = request.settings.postCopy ?? {};
  const disarm = new AbortController();
  const switchOver = (): void => void switchToPostCopy(migration).catch(() => {});
  const limits = { seconds: request.deadline + request.grace, signal: disarm.signal };
  // Round n is over when round n + 1 begins; round 0 is over at once.
  if (afterRound !== undefined)
    void watch
      .waitFor(() => watch.round > afterRound && watch.sourceStatus === "active", limits)
      .then((how) => how === "met" && switchOver());
  if (afterTime !== undefined)
    void watch
      .waitFor(() => isOver(migration), { seconds: afterTime, signal: disarm.signal })
      .then((how) => how === "timeout" && switchOver());
  return () => disarm.abort();
}

/** Idempotent. @throws MigrascopeError HYPERVISOR_REFUSED, which the observer is told too. */
export async function switchToPostCopy(
  migration: Pick<Migration, "watch" | "virsh" | "from" | "domain">,
): Promise<void> {
  const { watch, virsh, from, domain } = migration;
  if (watch.switched) return;
  watch.switched = true;
  watch.did("switch-to-post-copy");
  try {
    await virsh[from].run(["migrate-postcopy", domain]);
  } catch (error) {
    watch.switched = watch.inPostCopy;
    watch.did("status", (error as Error).message);
    throw error;
  }
}

/** What the settings ask for while a migration runs: the switch to post-copy, and a pause, at a round or a time. */
import { isOver, type Migration } from "./migration.ts";
import { switchToPostCopy } from "./post-copy.ts";

/** @returns a function that ends the waiting for them. */
export function armSwitches(migration: Migration): () => void {
  const { watch, virsh, from, domain, request } = migration;
  const { postCopy, pause } = request.settings;
  const disarm = new AbortController();
  // A refusal is with the observer; the migration goes on as it was.
  arm(migration, postCopy, () => void switchToPostCopy(migration).catch(() => {}), disarm.signal);
  arm(
    migration,
    pause,
    () => void virsh[from].run(["suspend", domain]).catch((error: Error) => watch.did("status", error.message)),
    disarm.signal,
  );
  return () => disarm.abort();
}

interface When {
  readonly afterRound?: number | undefined;
  readonly afterTime?: number | undefined;
}

function arm(migration: Migration, when: When | undefined, act: () => void, signal: AbortSignal): void {
  const { watch, request } = migration;
  const { afterRound, afterTime } = when ?? {};
  // Round n is over when round n + 1 begins; round 0 is over at once.
  if (afterRound !== undefined)
    void watch
      .waitFor(() => watch.round > afterRound && watch.sourceStatus === "active", {
        seconds: request.deadline + request.grace,
        signal,
      })
      .then((how) => how === "met" && act());
  if (afterTime !== undefined)
    void watch
      .waitFor(() => isOver(migration), { seconds: afterTime, signal })
      .then((how) => how === "timeout" && act());
}

/** What is done to a migration that runs: switching to post-copy, pausing the vCPUs; at once, or at a round or time. */
import type { Migration } from "./migration.ts";
import { QmpError } from "./qmp/messages.ts";

interface Moment {
  readonly afterRound?: number | undefined;
  readonly afterTime?: number | undefined;
}
type Running = Pick<Migration, "source" | "watch">;

/** Arms what the settings ask for on the way. @returns a function that ends it. */
export function arm(migration: Migration): () => void {
  const { settings, deadline } = migration.request;
  const { watch } = migration;
  const disarm = new AbortController();
  const armed = (moment: Moment | undefined, act: () => Promise<void>): void => {
    const when = (condition: () => boolean, seconds: number, expected: "met" | "timeout"): void => {
      void watch.waitFor(condition, { seconds, signal: disarm.signal }).then((how) => {
        // A refusal is with the observer; the migration goes on as it was.
        if (how === expected) act().catch(() => {});
      });
    };
    // Round n is over when round n + 1 begins.
    const { afterRound, afterTime } = moment ?? {};
    if (afterRound !== undefined) when(() => watch.round > afterRound, deadline + 1, "met");
    if (afterTime !== undefined) when(() => watch.isOver, afterTime, "timeout");
  };
  armed(settings.postCopy, () => switchToPostCopy(migration));
  armed(settings.pause, () => pause(migration));
  return () => disarm.abort();
}

/** Idempotent. @throws QmpError when QEMU refuses, which the observer is told too. */
export async function switchToPostCopy({ source, watch }: Running): Promise<void> {
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

/**
 * Stops the vCPUs on the source: nothing is dirtied any more, so the rest gets across. QEMU carries the state `paused` along:
 * the destination must be told to run. Idempotent. @throws QmpError when QEMU refuses, which the observer is told too.
 */
export async function pause({ source, watch }: Running): Promise<void> {
  if (watch.paused || watch.switched || watch.isOver) return;
  watch.paused = true;
  try {
    await source.qmp.execute("stop");
  } catch (error) {
    if (!(error instanceof QmpError)) return;
    watch.paused = false;
    watch.did("status", error.message);
    throw error;
  }
}

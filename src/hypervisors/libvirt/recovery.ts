/** A post-copy migration of which the connection broke: the VM's memory is on both sides, and both wait for each other. */
import { setTimeout as sleep } from "node:timers/promises";
import { issue } from "./command.ts";
import { ended, isOver, type Migration } from "./migration.ts";

/** How often it is tried, and the seconds before each time: a link that was cut takes a while to come back. */
const ATTEMPTS = 5;
const PAUSE = 3;
/** Seconds that a migration that was connected again has to end. */
const PATIENCE = 120;

/** States of a source that sends again. */
const GOES_ON = new Set(["postcopy-active", "completed"]);

/**
 * Connects both sides again, with the options of the first command, as libvirt asks for.
 * @returns what was done, in words for the outcome. Never throws.
 */
export async function recover(migration: Migration): Promise<string> {
  const { watch, request, command, said } = migration;
  if (request.settings.postCopy?.recover === false) return "the plan says not to connect a broken post-copy again";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await sleep(PAUSE * 1000);
    watch.did("status", `connecting again, attempt ${attempt}`);
    await issue(migration, [...command, "--postcopy-resume"]).catch((error: Error) =>
      ended(migration, 1, error.message),
    );
    const goesOn = (): boolean => GOES_ON.has(watch.sourceStatus);
    await watch.waitFor(() => isOver(migration) || goesOn(), { seconds: PATIENCE });
    if (goesOn()) watch.did("recover", `attempt ${attempt}`);
    await watch.waitFor(() => isOver(migration), { seconds: PATIENCE });
    if (said.exitCode === 0) return `the connection broke during post-copy and was made again (attempt ${attempt})`;
    watch.did("status", said.words);
  }
  return `the connection broke during post-copy and could not be made again: ${said.words}`;
}

/** Asking again when it was the connection that failed, not the command. */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";

/** What ssh(1) exits with when the connection breaks or cannot be made; 255 of the command itself looks the same. */
const CONNECTION_FAILED = 255;
const ATTEMPTS = 4;
/** Seconds before the next attempt: a shared connection that has died needs a moment to be known as dead. */
const PAUSE = 0.5;

/**
 * Does `work` until its connection holds, a few times. Only for what may be done twice.
 * @throws what the last attempt threw.
 */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const broken = error instanceof MigrascopeError && error.exitCode === CONNECTION_FAILED;
      if (!broken || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE * 1000);
    }
  }
}

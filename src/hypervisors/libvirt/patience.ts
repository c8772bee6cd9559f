/** Trying again while a host, or its libvirt, does not answer. */
import { setTimeout as sleep } from "node:timers/promises";

/** Seconds that it gets to come back. */
const PATIENCE = 60;

/** Only for what may be done twice. @throws what the last attempt threw. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(1000);
    }
  }
}

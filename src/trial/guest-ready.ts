/** Waiting for the guest: until it answers, and until it is as idle as it is going to be. */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuReading } from "../guest/statistics.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";

/** Share of the guest's CPU time over a second that must be idle. */
const IDLE_ENOUGH = 0.95;
/** Seconds that an idle guest is waited for, once it answers; after them the pass goes on and says so. */
const IDLE_PATIENCE = 20;

/** What ssh(1) says of a guest that will not answer otherwise later: waiting for it would only hide the cause. */
const HOPELESS = [
  {
    words: /host key verification failed|remote host identification has changed/iu,
    what: "the guest shows another host key than the expected one",
  },
  { words: /permission denied \(/iu, what: "the guest refuses our key" },
];

/**
 * Returns when the guest answers over SSH and is idle.
 * @param deadline seconds until it must answer.
 * @returns what is worth noting. @throws MigrascopeError VM_NOT_BOOTED when it does not answer in time,
 * GUEST_UNREACHABLE at once when it answers and refuses, or is another machine.
 */
export async function awaitGuest(guest: Machine, deadline: number, signal: AbortSignal): Promise<string | undefined> {
  await awaitReply(guest, deadline, signal);
  let before = await cpuReading(guest);
  let idle = 0;
  const until = process.uptime() + IDLE_PATIENCE;
  while (process.uptime() < until) {
    await sleep(1000, undefined, { signal });
    const now = await cpuReading(guest);
    idle = (now.idle - before.idle) / Math.max(1, now.total - before.total);
    if (idle >= IDLE_ENOUGH) return undefined;
    before = now;
  }
  return `the guest was still ${Math.round((1 - idle) * 100)} % busy after ${IDLE_PATIENCE} s`;
}

/**
 * Returns when the guest answers over SSH. An attempt is cut short, since a guest that is not there yet leaves it without any
 * answer: when it has booted the next one finds it.
 * @param deadline seconds until it must answer.
 * @throws MigrascopeError VM_NOT_BOOTED, GUEST_UNREACHABLE as `awaitGuest`.
 */
export async function awaitReply(guest: Machine, deadline: number, signal: AbortSignal): Promise<void> {
  const until = process.uptime() + deadline;
  for (;;) {
    try {
      await guest.run(["true"], { signal, timeout: 10 });
      return;
    } catch (error) {
      signal.throwIfAborted();
      const hopeless = HOPELESS.find(({ words }) => words.test((error as Error).message));
      if (hopeless)
        throw new MigrascopeError("GUEST_UNREACHABLE", `${hopeless.what}: ${(error as Error).message}`, {
          where: guest.name,
          cause: error,
        });
      if (process.uptime() >= until) {
        throw new MigrascopeError(
          "VM_NOT_BOOTED",
          `the VM did not answer over SSH within ${deadline} s: ${(error as Error).message}`,
          { where: guest.name },
        );
      }
    }
    await sleep(200, undefined, { signal });
  }
}

/** Instants on the two clocks that matter, and what they may be used for. */
import { z } from "zod";

/**
 * One moment on both clocks of the machine that observed it, in whole microseconds.
 * `mono` never jumps: durations come from it. `wall` can be compared between machines, after correction by the
 * measured offset, and with packet timestamps.
 */
export const Instant = z.strictObject({
  wall: z.int().describe("CLOCK_REALTIME, microseconds since 1970"),
  mono: z.int().describe("CLOCK_MONOTONIC, microseconds"),
});
export type Instant = z.infer<typeof Instant>;

/** The clock as a value, so that tests can bring their own. */
export type Clock = () => Instant;

const monotonic = (): number => Number(process.hrtime.bigint() / 1000n);

/** Microseconds by which our idea of the wall clock may disagree with the milliseconds of `Date.now()` before it is renewed. */
const TOLERANCE = 20;

/** Wall minus monotonic, microseconds, as last found; undefined before the first use. */
let difference: number | undefined;

/**
 * Node reads the wall clock to a millisecond only. Its microseconds are found by waiting for the moment at which the
 * millisecond changes: at that moment the wall clock is known exactly, to the time of one loop. Takes at most a
 * millisecond or so.
 */
function findDifference(): number {
  const start = Date.now();
  for (;;) {
    const before = monotonic();
    const milliseconds = Date.now();
    const after = monotonic();
    // A preempted loop would put the change anywhere in its pause.
    if (milliseconds !== start && after - before < TOLERANCE / 2) return milliseconds * 1000 - after;
    if (milliseconds > start + 1) return findDifference();
  }
}

/**
 * The machine's own clocks. The wall clock is renewed when it is found to have drifted or stepped: what `Date.now()` says
 * is then no longer the whole milliseconds of what we say.
 */
export const systemClock: Clock = () => {
  difference ??= findDifference();
  const milliseconds = Date.now() * 1000;
  const mono = monotonic();
  const beyond = mono + difference - milliseconds;
  if (beyond < -TOLERANCE || beyond > 1000 + TOLERANCE) {
    difference = findDifference();
    const now = monotonic();
    return { wall: now + difference, mono: now };
  }
  return { wall: mono + difference, mono };
};

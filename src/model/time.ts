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

/** The machine's own clocks. The two readings are taken within a microsecond or so of each other. */
export const systemClock: Clock = () => {
  const mono = Number(process.hrtime.bigint() / 1000n);
  // performance.timeOrigin does not follow later steps of the wall clock; the milliseconds of Date.now() show them.
  const precise = performance.timeOrigin + performance.now();
  const stepped = Date.now() - precise;
  return { wall: Math.round((Math.abs(stepped) < 2 ? precise : precise + stepped) * 1000), mono };
};

/** The captures laid beside the probes: when each request came by and when its reply did. */
import type { CaptureLog } from "../run/read/capture.ts";
import type { Flights } from "./flights.ts";
import type { Host, Timeline } from "./timeline.ts";

/** Aligned with the flights; seconds on the axis, NaN where the capture does not have it. First sight counts. */
export interface TapView {
  readonly request: Float64Array;
  readonly reply: Float64Array;
  /** False: the capture breaks off, so that what it does not have may yet have been there. */
  readonly whole: boolean;
}

/** A mirror of a packet on the same link is not a second packet: the earliest of each is kept. */
export function tapView(flights: Flights, capture: CaptureLog, timeline: Timeline, place: Host | "benchmark"): TapView {
  const request = new Float64Array(flights.length).fill(Number.NaN);
  const reply = new Float64Array(flights.length).fill(Number.NaN);
  const index = new Map<number, number>();
  for (let i = 0; i < flights.length; i++) index.set(flights.sequence[i]!, i);
  const { echoes } = capture;
  for (let e = 0; e < echoes.length; e++) {
    const i = index.get(echoes.sequence[e]!);
    if (i === undefined) continue;
    const column = echoes.reply[e] === 1 ? reply : request;
    const t = timeline.wall(place, capture.base, echoes.time[e]!);
    if (!(column[i]! <= t)) column[i] = t;
  }
  return { request, reply, whole: capture.damage === null };
}

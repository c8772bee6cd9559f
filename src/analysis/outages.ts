/** Outages as a client sees them, with bounds that hold whatever the packets met on the way. */
import type { Flights } from "./flights.ts";
import type { Lateness } from "./lateness.ts";
import { type Run, type Silence, silencesOf } from "./silences.ts";

/** Seconds around an outage in which usual round trips are looked for. */
const NEARBY = 1;
/** Intervals between two probes from which on a tick between them was surely missed, not just late. */
const UNSEEN = 2;

/** Seconds on the flights' axis; the truth lies in [low, high]. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** What the captures at the VM's own link add, aligned with the flights: when each request came and its reply left; NaN where not seen. */
export interface TapTimes {
  readonly request: Float64Array;
  readonly reply: Float64Array;
  /** Seconds, of the capturing host's clock against ours. */
  readonly uncertainty: number;
}

/** All in seconds. `begin` and `end` of an open side are the log's own edge, and the duration then has no `high`. */
export interface DetectedOutage {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly lost: number;
  readonly late: number;
  readonly begin: Bounds;
  readonly end: Bounds;
  /** No good probe came before (`begin`) or after (`end`): it may have been longer than the log. */
  readonly open: { readonly begin: boolean; readonly end: boolean };
  readonly duration: { readonly value: number; readonly low: number; readonly high: number | null };
  /** Time covered by never-answered probes, by their actual departures (the paper's downtime). */
  readonly lostProbeTime: { readonly value: number; readonly low: number; readonly high: number };
  /** From the last reply before to the first after; null when there is none on a side. */
  readonly replyGap: number | null;
}

/**
 * Every outage of the log, in the order of time. A probe is bad when it was never answered or answered after more than
 * `lateness.threshold`; a refused probe is unknown, it neither makes nor ends an outage; probes that were still under
 * way when the log ended are unknown too.
 *
 * Why the bounds hold. Let the VM be out from B to E. The last probe that was answered before had been answered, so B is
 * after its departure. The first bad probe met the outage, at most `delayBound` after its departure, so B is before
 * that. The last lost probe met it too, so E is after its departure; where all were held, E is after their release less
 * the usual way back. The first reply after the silence left after E, so E is before its arrival. All of these are
 * actual times: a tick that the prober missed at either side widens the bounds by itself. Of ticks that it missed in
 * between nobody knows whether the VM was back meanwhile: their time is not in the lower bound. An outage that follows
 * another began after that one's end, and so after the reply that ended it had left.
 */
export function findOutages(flights: Flights, lateness: Lateness, tap?: TapTimes): DetectedOutage[] {
  const tapDelay = tap ? longestAtTap(flights, lateness, tap) : 0;
  const found: DetectedOutage[] = [];
  for (const run of runsOf(flights, lateness.threshold))
    for (const silence of silencesOf(flights, run, lateness))
      found.push(outageOf(flights, lateness, run, silence, found.at(-1) ?? null, tap, tapDelay));
  return found;
}

function runsOf(flights: Flights, threshold: number): Run[] {
  const runs: Run[] = [];
  let before: number | null = null;
  let first = -1;
  let last = -1;
  for (let i = 0; i < flights.length; i++) {
    const unanswered = Number.isNaN(flights.received[i]!);
    if (flights.refused[i] === 1 || (unanswered && flights.sent[i]! > flights.logEnd - threshold)) continue;
    if (unanswered || flights.received[i]! - flights.sent[i]! > threshold) {
      if (first < 0) first = i;
      last = i;
      continue;
    }
    if (first >= 0) runs.push({ first, last, before, after: i });
    first = -1;
    before = i;
  }
  if (first >= 0) runs.push({ first, last, before, after: null });
  return runs;
}

function outageOf(
  flights: Flights,
  lateness: Lateness,
  run: Run,
  silence: Silence,
  previous: DetectedOutage | null,
  tap: TapTimes | undefined,
  tapDelay: number,
): DetectedOutage {
  const { sent, received, sequence } = flights;
  const lost = silence.probes.filter((i) => Number.isNaN(received[i]!));
  // Late ones that were answered before the silence, or sent after it, are slow answers around the outage.
  const held = silence.probes.filter((i) => received[i]! >= silence.until && sent[i]! < silence.until);
  const core = [...lost, ...held].sort((a, b) => a - b);
  const firstBad = core[0] ?? silence.probes[0]!;
  const lastBad = core.at(-1) ?? firstBad;
  const lastGood = lastAnswered(flights, run, silence, firstBad);
  const delay = Math.max(lateness.delayBound, longestNearby(flights, run, lateness.threshold));
  const open = { begin: lastGood === null, end: silence.until === Number.POSITIVE_INFINITY };

  const endHigh = open.end ? flights.logEnd : silence.until;
  let beginLow = Math.max(sent[lastGood ?? 0]!, previous ? endedBy(previous, delay) : Number.NEGATIVE_INFINITY);
  let beginHigh = sent[firstBad]! + delay;
  if (tap && lastGood !== null && !Number.isNaN(tap.request[firstBad]!)) {
    // The first bad request reached the VM's link: it was the VM that fell silent, and its last reply shows it alive.
    const left = tap.reply[lastGood]! - tap.uncertainty;
    if (left > beginLow) beginLow = left;
    beginHigh = Math.min(beginHigh, tap.request[firstBad]! + tap.uncertainty + tapDelay);
  }
  beginLow = Math.min(beginLow, endHigh);
  beginHigh = Math.max(beginLow, Math.min(beginHigh, endHigh));
  const endLow = Math.min(endHigh, Math.max(beginLow, surelyOut(flights, lost, held, silence, delay)));

  const low = Math.max(0, endLow - beginHigh - unseen(flights, firstBad, lastBad));
  const high = open.begin || open.end ? null : endHigh - beginLow;
  const way = lateness.median / 2;
  const began = Math.max(beginLow, begunAt(flights, silence, lastGood, firstBad, way) ?? beginLow);
  // A release happens at the end itself; of an end between two probes only the two are known.
  const ended =
    open.end || held.length > 0 ? endHigh - way : (sent[lastBad]! + sent[nextAnswered(flights, lastBad)]!) / 2 + way;
  const value = Math.min(Math.max(ended - began, low), high ?? Number.POSITIVE_INFINITY);
  return {
    firstSequence: sequence[silence.probes[0]!]!,
    lastSequence: sequence[silence.probes.at(-1)!]!,
    lost: lost.length,
    late: silence.probes.length - lost.length,
    begin: { low: beginLow, high: beginHigh },
    end: { low: endLow, high: endHigh },
    open,
    duration: { value, low, high },
    lostProbeTime: timeCovered(flights, lost),
    replyGap: open.end || silence.from === Number.NEGATIVE_INFINITY ? null : silence.until - silence.from,
  };
}

/** When an outage was surely over: when the first reply after it left, which took the longest usual time at most. */
const endedBy = ({ end }: DetectedOutage, delay: number): number => Math.max(end.low, end.high - delay);

/**
 * The middle between the last sign of the VM and the first probe that met the outage, both as they were at the VM. The sign
 * is the last probe answered in time or, where a late answer came after it, that answer's departure.
 */
function begunAt(
  { sent }: Flights,
  silence: Silence,
  lastGood: number | null,
  firstBad: number,
  way: number,
): number | null {
  if (lastGood === null) return null;
  const seen = silence.first ? sent[lastGood]! + way : Math.max(sent[lastGood]! + way, silence.from - way);
  return (seen + Math.max(seen, sent[firstBad]! + way)) / 2;
}

/**
 * The last moment at which the VM was surely out: the last lost probe's departure. Late answers after it may as well come
 * from a machine that stalled when the VM was back. Where nothing was lost, it is the release of what was held, less the
 * longest usual way back.
 */
function surelyOut(
  flights: Flights,
  lost: readonly number[],
  held: readonly number[],
  silence: Silence,
  delay: number,
): number {
  if (lost.length > 0) return flights.sent[lost.at(-1)!]!;
  if (held.length > 0) return Math.min(flights.sent[held.at(-1)!]!, silence.until - delay);
  return Number.NEGATIVE_INFINITY;
}

/** The last probe before `firstBad` whose reply had come when the silence began. */
function lastAnswered(flights: Flights, run: Run, silence: Silence, firstBad: number): number | null {
  for (let i = firstBad - 1; i > (run.before ?? -1); i--) if (flights.received[i]! <= silence.from) return i;
  return run.before;
}

/** Seconds between the probes `from` and `to` in which none was sent although ticks came by. */
function unseen(flights: Flights, from: number, to: number): number {
  const { sent, refused, interval } = flights;
  let sum = 0;
  let before = sent[from]!;
  for (let i = from + 1; i <= to; i++) {
    if (refused[i] === 1) continue;
    if (sent[i]! - before > UNSEEN * interval) sum += sent[i]! - before - interval;
    before = sent[i]!;
  }
  return sum;
}

function nextAnswered(flights: Flights, i: number): number {
  let next = i + 1;
  while (next < flights.length && Number.isNaN(flights.received[next]!)) next++;
  return next < flights.length ? next : i;
}

/** The longest usual round trip within a second of the run: under load, delays grow beyond those of the quiet time. */
function longestNearby(flights: Flights, run: Run, threshold: number): number {
  const { sent, received } = flights;
  let longest = 0;
  const ask = (i: number): void => {
    const trip = received[i]! - sent[i]!;
    if (trip <= threshold && trip > longest) longest = trip;
  };
  for (let i = run.first - 1; i >= 0 && sent[i]! > sent[run.first]! - NEARBY; i--) ask(i);
  for (let i = run.last + 1; i < flights.length && sent[i]! < sent[run.last]! + NEARBY; i++) ask(i);
  return longest;
}

/** The longest time that the VM itself took for an answer in time, at its own link. */
function longestAtTap(flights: Flights, lateness: Lateness, tap: TapTimes): number {
  let longest = 0;
  for (let i = 0; i < flights.length; i++) {
    const inside = tap.reply[i]! - tap.request[i]!;
    if (inside > longest && flights.received[i]! - flights.sent[i]! <= lateness.threshold) longest = inside;
  }
  return longest;
}

/**
 * N lost probes in a row stand for more than the N-1 intervals between them and less than the N+1 around them. Where the
 * prober missed ticks between two of them, one interval is all that is surely covered.
 */
export function timeCovered(flights: Flights, lost: readonly number[]): DetectedOutage["lostProbeTime"] {
  const { sent, refused, length, interval } = flights;
  // A refused probe is no neighbour: nothing is known from it.
  const neighbour = (i: number, step: 1 | -1): number => {
    let k = i + step;
    while (refused[k] === 1) k += step;
    return k;
  };
  const previous = (i: number): number => (neighbour(i, -1) >= 0 ? sent[neighbour(i, -1)]! : sent[i]! - interval);
  const next = (i: number): number => (neighbour(i, 1) < length ? sent[neighbour(i, 1)]! : sent[i]! + interval);
  let value = 0;
  let low = 0;
  let high = 0;
  lost.forEach((i, n) => {
    const follows = n > 0 && lost[n - 1] === neighbour(i, -1);
    value += next(i) - sent[i]!;
    const since = sent[i]! - previous(i);
    if (follows) low += since > UNSEEN * interval ? interval : since;
    high += next(i) - (follows ? sent[i]! : previous(i));
  });
  return { value, low, high };
}

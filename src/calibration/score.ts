/** Holds what the analysis finds in the prober's log against the truth. */
import { assembleFlights, type Flights } from "../analysis/flights.ts";
import { judgeLateness } from "../analysis/lateness.ts";
import { type Bounds, type DetectedOutage, findOutages } from "../analysis/outages.ts";
import { MigrascopeError } from "../model/errors.ts";
import { PROBE_RECORD, type ProbeLog } from "../run/read/probes.ts";
import { LEAD, type OutageClass } from "./script.ts";
import type { Truth } from "./truth.ts";

/** Seconds by which the wall clock may run away from the monotonic one before the truth cannot be placed any more. */
const CLOCK_TOLERANCE = 20e-6;
/** Sent probes at either end of the log that are asked for both clocks. */
const CLOCK_SAMPLES = 101;

/** One outage, true and measured. Seconds; `begin` and `end` count from the prober's tick 0. */
export interface Comparison {
  readonly class: OutageClass;
  readonly truth: { readonly begin: number; readonly end: number; readonly duration: number };
  /** `seen` false: no probe was bad; the measured duration is then 0, at most the longest gap between good probes there. */
  readonly seen: boolean;
  readonly measured: { readonly value: number; readonly low: number; readonly high: number };
  readonly begin: Bounds | null;
  readonly end: Bounds | null;
  /** Measured less true duration. */
  readonly error: number;
  /** Whether the bounds of duration, begin and end all contain the truth. */
  readonly within: boolean;
}

export interface PairScore {
  readonly comparisons: readonly Comparison[];
  /** Outages that were found where nothing was scripted and the target knows of no stall of its own. */
  readonly unexplained: readonly DetectedOutage[];
  /** The same, where the target had stalled. */
  readonly stalls: number;
  /** Outages whose truth is longer than scripted because the target stalled. */
  readonly prolonged: number;
  /** Seconds. A reply later than this counted as late. */
  readonly threshold: number;
  readonly sent: number;
  readonly missed: number;
}

/** @throws MigrascopeError BUG when the wall clock was set during the measurement. */
export function scorePair(log: ProbeLog, truth: Truth): PairScore {
  requireSteadyClock(log);
  const originMono = Math.round(Number(log.startMono) / 1000);
  const flights = assembleFlights(log, originMono);
  const lateness = judgeLateness(flights, LEAD);
  const found = findOutages(flights, lateness);
  const offset = Number(log.startMono - BigInt(originMono) * 1000n);
  const axis = (wall: bigint): number => (Number(wall - log.startWall) + offset) / 1e9;

  const explained = new Set<DetectedOutage>();
  const overlap = (outage: DetectedOutage, begin: number, end: number): number =>
    Math.min(outage.end.high, end) - Math.max(outage.begin.low, begin);
  const comparisons = truth.outages.map((real) => {
    const begin = axis(real.begin);
    const end = axis(real.end);
    const touching = found.filter((outage) => overlap(outage, begin, end) > 0);
    for (const outage of touching) explained.add(outage);
    touching.sort((a, b) => overlap(b, begin, end) - overlap(a, begin, end));
    return compare(real.class, begin, end, touching[0], flights, lateness.threshold);
  });
  const rest = found.filter((outage) => !explained.has(outage));
  const stalled = (outage: DetectedOutage): boolean =>
    truth.stalls.some((stall) => overlap(outage, axis(stall.begin), axis(stall.end)) > 0);
  return {
    comparisons,
    unexplained: rest.filter((outage) => !stalled(outage)),
    stalls: rest.filter(stalled).length,
    prolonged: truth.prolonged,
    threshold: lateness.threshold,
    sent: flights.length,
    missed: flights.missed,
  };
}

const contains = (bounds: Bounds, value: number): boolean => bounds.low <= value && value <= bounds.high;

function compare(
  of: OutageClass,
  begin: number,
  end: number,
  found: DetectedOutage | undefined,
  flights: Flights,
  threshold: number,
): Comparison {
  const duration = end - begin;
  const truth = { begin, end, duration };
  if (!found) {
    const high = longestGap(flights, begin, end, threshold);
    const measured = { value: 0, low: 0, high };
    return {
      class: of,
      truth,
      seen: false,
      measured,
      begin: null,
      end: null,
      error: -duration,
      within: duration <= high,
    };
  }
  const measured = { ...found.duration, high: found.duration.high ?? Number.POSITIVE_INFINITY };
  const within = contains(measured, duration) && contains(found.begin, begin) && contains(found.end, end);
  const error = measured.value - duration;
  return { class: of, truth, seen: true, measured, begin: found.begin, end: found.end, error, within };
}

/** From the departure of a good probe to the reply to the next: the longest such time that touches [begin, end]. */
function longestGap(flights: Flights, begin: number, end: number, threshold: number): number {
  let longest = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < flights.length; i++) {
    const received = flights.received[i]!;
    if (!(received - flights.sent[i]! <= threshold)) continue;
    if (previous <= end && received >= begin) longest = Math.max(longest, received - previous);
    previous = flights.sent[i]!;
  }
  return longest;
}

/** The truth is wall clock, durations are monotonic: one must not have been set against the other in between. */
function requireSteadyClock(log: ProbeLog): void {
  const skews: number[] = [];
  for (let r = 0; r < log.length; r++) if (log.kind[r] === PROBE_RECORD.sent) skews.push(log.wall[r]! - log.mono[r]!);
  // Medians: between the two readings of a record the prober may have been interrupted.
  const change = (median(skews.slice(-CLOCK_SAMPLES)) - median(skews.slice(0, CLOCK_SAMPLES))) / 1e9;
  if (Math.abs(change) > CLOCK_TOLERANCE)
    throw new MigrascopeError("BUG", `the wall clock was set during the calibration (by ${change} s)`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

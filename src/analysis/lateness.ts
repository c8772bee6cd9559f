/** When is a reply late, and how long does a packet usually take? Both are asked of the pass's own probes. */
import type { Flights } from "./flights.ts";

/** Fewer answered probes than this before the command say nothing about a 99th percentile. */
const ENOUGH = 50;

export interface Lateness {
  /** Seconds. A round trip above this is late. */
  readonly threshold: number;
  /** Seconds, median round trip. */
  readonly median: number;
  /** Seconds, the 99th percentile that the threshold was made from. */
  readonly p99: number;
  /** Seconds, the longest a packet took while the VM was surely up: bounds how late after its departure a probe can arrive. */
  readonly delayBound: number;
  /** Answered probes that this is based on. */
  readonly probes: number;
  /** False: there were too few probes before `until`, so the whole log was asked. */
  readonly beforeOnly: boolean;
}

/**
 * The rule: late is what takes longer than twice the 99th percentile of the round trips before the migration, and never
 * what takes less than half the probe interval.
 *
 * Why so: a percentile follows the shape of the guest's own noise (an emulated guest answers in 1 to 20 ms), where a
 * multiple of the median would call its usual tail an outage. The 99th rather than the maximum, since a single stall of
 * a shared machine (15 ms, fifteen probes) must not decide what counts. Twice, since over the minute of a migration
 * thousands of probes are judged, not the hundreds that the percentile came from. Half the interval, since that is what
 * either end of an outage is known to: less than that cannot be told from the resolution. With the whole interval, an
 * outage that holds requests for almost two intervals could go unseen, and be wrong by more than one (calibration).
 *
 * @param until seconds on the flights' axis: only probes sent before count (the migrate command).
 */
export function judgeLateness(flights: Flights, until: number): Lateness {
  const before = roundTrips(flights, until);
  const beforeOnly = before.length >= ENOUGH;
  const trips = beforeOnly ? before : roundTrips(flights, Number.POSITIVE_INFINITY);
  const { interval } = flights;
  if (trips.length === 0)
    return { threshold: interval, median: 0, p99: 0, delayBound: interval, probes: 0, beforeOnly: false };
  const p99 = quantile(trips, 0.99);
  const threshold = Math.max(interval / 2, 2 * p99);
  // Of the whole log, the tail is made of outages: there only what is not late tells of a usual delay.
  const usual = beforeOnly ? trips : trips.filter((trip) => trip <= threshold);
  const delayBound = usual.at(-1) ?? threshold;
  return { threshold, median: quantile(trips, 0.5), p99, delayBound, probes: trips.length, beforeOnly };
}

/** Ascending round trips in seconds of the answered probes sent before `until`. */
function roundTrips(flights: Flights, until: number): Float64Array {
  const trips: number[] = [];
  for (let i = 0; i < flights.length; i++) {
    const trip = flights.received[i]! - flights.sent[i]!;
    if (flights.sent[i]! < until && !Number.isNaN(trip)) trips.push(trip);
  }
  return Float64Array.from(trips).sort();
}

/** The nearest-rank quantile of ascending values. */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

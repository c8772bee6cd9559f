/** The time between replies that arrived one after the other. */
import type { Flights } from "./flights.ts";

/**
 * @param from seconds on the axis: only gaps that end after it count.
 * @returns the longest, in seconds; null when there are no two replies.
 */
export function longestGap(flights: Flights, from: number): number | null {
  const arrivals = flights.received.filter((t) => !Number.isNaN(t)).sort();
  let longest: number | null = null;
  for (let i = 1; i < arrivals.length; i++) {
    const gap = arrivals[i]! - arrivals[i - 1]!;
    if (arrivals[i]! >= from && (longest === null || gap > longest)) longest = gap;
  }
  return longest;
}

/**
 * The longest time that an outage can have lasted of which no probe tells: the VM was there when it answered a probe,
 * after that one's departure, and was there again before the next answer arrived.
 * @param from seconds on the axis: only what ends after it counts.
 */
export function longestUnheard(flights: Flights, from: number): number | null {
  let longest: number | null = null;
  let since: number | null = null;
  for (let i = 0; i < flights.length; i++) {
    const arrival = flights.received[i]!;
    if (Number.isNaN(arrival)) continue;
    if (since !== null && arrival >= from) longest = Math.max(longest ?? 0, arrival - since);
    since = flights.sent[i]!;
  }
  return longest;
}

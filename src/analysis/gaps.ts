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

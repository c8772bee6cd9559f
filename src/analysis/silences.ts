/** A run of bad probes, cut at the moments when replies did come: between two of them nothing got through. */
import type { Flights } from "./flights.ts";
import type { Lateness } from "./lateness.ts";

/** Indices into the flights: `first` to `last` are bad or unknown, `before` and `after` their good neighbours, or null. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly before: number | null;
  readonly after: number | null;
}

/** A time without any reply, and the bad probes that it accounts for (ascending indices). */
export interface Silence {
  /** Arrival of the last reply before; -Infinity when there was none. */
  readonly from: number;
  /** Arrival of the first reply after; Infinity when there was none. */
  readonly until: number;
  readonly probes: readonly number[];
  /** The first one of its run: what was answered before it was answered in time. */
  readonly first: boolean;
}

/**
 * Why cut at all: two outages in a row with a slow answer between them, or a stall just before the VM stops, are one run
 * of bad probes, and yet the VM was there in between. Each bad probe belongs to the longest silence that it can have
 * met; silences that account for nothing lost and are no longer than the threshold are the queue draining after an
 * outage, and their late probes are counted with the outage before.
 */
export function silencesOf(flights: Flights, run: Run, lateness: Lateness): Silence[] {
  const from = run.before === null ? Number.NEGATIVE_INFINITY : flights.received[run.before]!;
  const until = Math.max(from, run.after === null ? Number.POSITIVE_INFINITY : flights.received[run.after]!);
  const bad = badProbes(flights, run, lateness.threshold);
  const points = [from, ...arrivalsBetween(flights, bad, from, until), until];
  const members = points.slice(1).map((): number[] => []);
  for (const i of bad) members[longestMet(flights, i, points, lateness)]!.push(i);

  const lengthOf = (k: number): number => points[k + 1]! - points[k]!;
  const counts = (k: number): boolean =>
    members[k]!.some((i) => Number.isNaN(flights.received[i]!)) ||
    (members[k]!.length > 0 && lengthOf(k) > lateness.threshold);
  const chosen = members.map((_, k) => k).filter(counts);
  if (chosen.length === 0) chosen.push(longestNonEmpty(members, lengthOf));
  return chosen.map((k, n) => {
    const next = chosen[n + 1] ?? members.length;
    const probes = members.slice(n === 0 ? 0 : k, next).flat();
    return { from: points[k]!, until: points[k + 1]!, probes: probes.sort((a, b) => a - b), first: n === 0 };
  });
}

function badProbes(flights: Flights, run: Run, threshold: number): number[] {
  const bad: number[] = [];
  for (let i = run.first; i <= run.last; i++) {
    if (flights.refused[i] === 1) continue;
    if (!(flights.received[i]! - flights.sent[i]! <= threshold)) bad.push(i);
  }
  return bad;
}

function arrivalsBetween(flights: Flights, probes: readonly number[], from: number, until: number): number[] {
  return probes
    .map((i) => flights.received[i]!)
    .filter((t) => t > from && t < until)
    .sort((a, b) => a - b);
}

/** The silence that a bad probe ran into lies between when its reply was due and when it came (or could have come). */
function longestMet(flights: Flights, i: number, points: readonly number[], lateness: Lateness): number {
  const due = flights.sent[i]! + lateness.median;
  const lost = Number.isNaN(flights.received[i]!);
  const end = lost ? flights.sent[i]! + Math.max(lateness.threshold, lateness.delayBound) : flights.received[i]!;
  const last = points.length - 2;
  let best = Math.min(last, Math.max(0, firstAbove(points, due) - 1));
  for (let k = best + 1; k <= last && points[k]! < end; k++)
    if (points[k + 1]! - points[k]! > points[best + 1]! - points[best]!) best = k;
  return best;
}

/** Index of the first ascending value above `t`; the length when there is none. */
function firstAbove(values: readonly number[], t: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

function longestNonEmpty(members: readonly (readonly number[])[], lengthOf: (k: number) => number): number {
  let best = members.findIndex((list) => list.length > 0);
  for (let k = best + 1; k < members.length; k++) if (members[k]!.length > 0 && lengthOf(k) > lengthOf(best)) best = k;
  return best;
}

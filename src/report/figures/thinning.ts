/** Fewer points for drawing, never for numbers: what is out of the ordinary is all kept. */
import type { PassSeries, ProbeFate } from "../../model/result.ts";

type Probes = NonNullable<PassSeries["probes"]>;
const ORDINARY: ReadonlySet<ProbeFate> = new Set(["answered-by-source", "answered-by-destination", "answered"]);

/**
 * Indices of the probes to draw, in order. Kept are every probe that was not answered in the ordinary way, every reply
 * later than `late` seconds, the `edge` probes on both sides of each change of fate, and of all the others the slowest
 * and the fastest of each of `budget / 2` equal parts of the pass, so that the spread of round-trip times stays visible.
 */
export function thinProbes(probes: Probes, budget: number, late: number, edge = 20): number[] {
  const count = probes.fate.length;
  const keep = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const fate = probes.fate[index]!;
    if (!ORDINARY.has(fate) || probes.rtt[index]! > late) keep[index] = 1;
    if (index > 0 && fate !== probes.fate[index - 1]) keep.fill(1, Math.max(0, index - edge), index + edge);
  }
  const parts = Math.max(1, Math.floor(budget / 2));
  for (let part = 0; part < parts; part++) {
    const end = Math.floor(((part + 1) * count) / parts);
    let slowest = -1;
    let fastest = -1;
    for (let index = Math.floor((part * count) / parts); index < end; index++) {
      if (Number.isNaN(probes.rtt[index]!)) continue;
      if (slowest < 0 || probes.rtt[index]! > probes.rtt[slowest]!) slowest = index;
      if (fastest < 0 || probes.rtt[index]! < probes.rtt[fastest]!) fastest = index;
    }
    if (slowest >= 0) keep[slowest] = keep[fastest] = 1;
  }
  const indices: number[] = [];
  for (let index = 0; index < count; index++) if (keep[index]) indices.push(index);
  return indices;
}

type Windows = PassSeries["workloads"][number];

/**
 * Indices of a workload's windows to draw, in order, of those that touch `from` to `to`: of each of `budget / 3` equal parts
 * the slowest, the fastest and the one with the longest latency or pause, so that a dip or a peak of one window stays visible.
 */
export function thinWindows(windows: Windows, from: number, to: number, budget: number): number[] {
  const seen = [...windows.start.keys()].filter((index) => windows.end[index]! >= from && windows.start[index]! <= to);
  if (seen.length <= budget) return seen;
  const worst = (index: number): number => Math.max(windows.max[index]! || 0, windows.pause[index]! || 0);
  const keep = new Set([seen[0]!, seen.at(-1)!]);
  const parts = Math.max(1, Math.floor(budget / 3));
  for (let part = 0; part < parts; part++) {
    const some = seen.slice(Math.floor((part * seen.length) / parts), Math.floor(((part + 1) * seen.length) / parts));
    const most = (of: (index: number) => number): number => some.reduce((a, b) => (of(b) > of(a) ? b : a));
    keep
      .add(most((index) => windows.rate[index]!))
      .add(most((index) => -windows.rate[index]!))
      .add(most(worst));
  }
  return [...keep].sort((a, b) => a - b);
}

/** At most `budget` samples at equal distances, the first and the last among them, and all for which `essential` holds. */
export function thinSamples<T>(
  samples: readonly T[],
  budget: number,
  essential: (sample: T, previous?: T) => boolean,
): T[] {
  if (samples.length <= budget) return [...samples];
  const step = (samples.length - 1) / (budget - 1);
  let next = 0;
  return samples.filter((sample, index) => {
    const due = index >= Math.round(next * step);
    if (due) next++;
    return due || essential(sample, samples[index - 1]);
  });
}

/**
 * Divides indices (ascending) into those to draw one by one and those in the middle of a long unbroken run, of which only
 * the first and the last are given: a bar between them says the same, since every probe in between met the same fate.
 */
export function splitRuns(
  indices: readonly number[],
  longest = 400,
  edge = 100,
): { single: number[]; bars: [number, number][] } {
  const single: number[] = [];
  const bars: [number, number][] = [];
  let start = 0;
  for (let at = 1; at <= indices.length; at++) {
    if (at < indices.length && indices[at] === indices[at - 1]! + 1) continue;
    if (at - start > longest) {
      single.push(...indices.slice(start, start + edge), ...indices.slice(at - edge, at));
      bars.push([indices[start + edge - 1]!, indices[at - edge]!]);
    } else single.push(...indices.slice(start, at));
    start = at;
  }
  return { single, bars };
}

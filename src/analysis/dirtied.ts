/** How many different pages the workloads wrote to between two moments, by their own count. */
import type { Workload } from "../model/workload.ts";
import { Bounded, type Finding } from "./finding.ts";
import type { PlacedWindow } from "./lanes.ts";
import { Unknown } from "./unknown.ts";
import type { WorkloadRecords } from "./workload-records.ts";

type MemoryWrite = Extract<Workload, { kind: "memory-write" }>;

/** A memory writer with its windows. */
export interface Writer {
  readonly pattern: MemoryWrite["pattern"];
  /** Pages of the set that it writes to. */
  readonly pages: number;
  readonly windows: readonly PlacedWindow[];
}

/** @throws Unknown when no workload writes to memory, or it is not known what it wrote. */
export function writersOf(records: WorkloadRecords): Writer[] {
  const writers = records.planned.flatMap((planned, number): Writer[] => {
    if (planned.kind !== "memory-write") return [];
    const { touched } = records.lane("guest", number).about;
    const pages = Math.floor(touched / records.agent("guest").pageSize);
    return [{ pattern: planned.pattern, pages, windows: records.windows("guest", number) }];
  });
  if (writers.length === 0) throw new Unknown("no workload writes to memory");
  return writers;
}

/**
 * Pages between two moments of the axis. In rounds over a set, each page once per round in the same order, what is touched
 * twice is touched after all others: min(touches, pages of the set). Of the windows at the ends all or nothing may count.
 * @throws Bounded without a value for skewed writers, whose pages of one window may be those of another.
 */
export function dirtiedBetween(writers: readonly Writer[], from: number, to: number, slack: number): Finding {
  const sum = { value: 0, low: 0, high: 0 };
  let skewed = false;
  for (const { pattern, pages, windows } of writers) {
    const [first, last] = [windows[0], windows.at(-1)];
    if (!first || !last || first.start > from || last.end < to)
      throw new Unknown("the workload did not record all of that time");
    const inside = windows.filter(({ start, end }) => start >= from + slack && end <= to - slack);
    const near = windows.filter(({ start, end }) => end > from - slack && start < to + slack);
    if (pattern === "skewed") {
      skewed = true;
      const distinct = ({ record }: PlacedWindow): number => record.distinct ?? 0;
      const most = (window: PlacedWindow): number => window.record.distinct ?? window.record.done;
      sum.low += Math.max(0, ...inside.map(distinct));
      sum.high += Math.min(pages, total(near, most));
    } else {
      const within = (window: PlacedWindow): number =>
        (window.record.done * overlap(window, from, to)) / length(window);
      const touches = ({ record }: PlacedWindow): number => record.done;
      sum.value += Math.min(pages, total(near, within));
      sum.low += Math.min(pages, total(inside, touches));
      sum.high += Math.min(pages, total(near, touches));
    }
  }
  if (skewed) throw new Bounded("a skewed pattern touches the same pages in several windows", sum);
  return sum;
}

/**
 * The same for a stretch of `seconds` that lies somewhere between two moments; its value is that of the middle.
 */
export function dirtiedWithin(
  writers: readonly Writer[],
  from: number,
  to: number,
  seconds: number,
  slack: number,
): Finding {
  const spare = to - from - seconds;
  if (spare <= 0) return dirtiedBetween(writers, from, to, slack);
  // What counts changes only where an end of the stretch passes an end of a window.
  const edges = writers.flatMap(({ windows }) => windows.flatMap(({ start, end }) => [start, end]));
  const begins = [from, from + spare, ...edges, ...edges.map((edge) => edge - seconds)]
    .flatMap((begin) => [begin - 1e-9, begin + 1e-9])
    .filter((begin) => begin >= from && begin <= from + spare);
  const middle = boundsOf(() => dirtiedBetween(writers, from + spare / 2, from + spare / 2 + seconds, slack));
  const all = [
    middle,
    ...begins.map((begin) => boundsOf(() => dirtiedBetween(writers, begin, begin + seconds, slack))),
  ];
  const low = Math.min(...all.map((one) => one.low));
  const high = Math.max(...all.map((one) => one.high));
  if (middle.value === null) throw new Bounded(middle.reason, { low, high });
  return { value: middle.value, low, high };
}

function boundsOf(find: () => Finding) {
  try {
    const { value, low, high } = find();
    return { value, low: low ?? 0, high: high ?? Number.POSITIVE_INFINITY, reason: "" };
  } catch (error) {
    if (!(error instanceof Bounded)) throw error;
    return { value: null, low: error.low ?? 0, high: error.high ?? Number.POSITIVE_INFINITY, reason: error.message };
  }
}

const total = (windows: readonly PlacedWindow[], of: (window: PlacedWindow) => number): number =>
  windows.reduce((sum, window) => sum + of(window), 0);
const length = ({ start, end }: PlacedWindow): number => end - start;
const overlap = ({ start, end }: PlacedWindow, from: number, to: number): number =>
  Math.max(0, Math.min(end, to) - Math.max(start, from));

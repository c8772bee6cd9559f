/** How long a workload was slower than before the migration, and how much work that cost. */
import { Bounded, type Finding } from "./finding.ts";
import type { PlacedWindow } from "./lanes.ts";
import { median } from "./median.ts";
import { Unknown } from "./unknown.ts";

/** So many windows tell what is usual; fewer do not. */
export const FEWEST_WINDOWS = 10;
/** Share of the usual rate from which on it is back, and windows in a row whose median has to have it. */
const BACK = 0.9;

/** The time in which the vCPUs stood still, from a better witness than windows. Seconds on the axis. */
export interface Standstill {
  readonly from: number;
  readonly to: number;
  /** Seconds by which its length may be off. */
  readonly uncertainty: number;
}

export interface Brownout {
  /** Median rate of the windows before the migrate command, per second. */
  readonly usual: number;
  /** Seconds on the axis at which the span that was looked at ends; it begins with the migrate command. */
  readonly until: number;
  /** The rate was back then; else the recording ended. */
  readonly back: boolean;
  /** Seconds of the span with less than this share of the usual rate. */
  below(share: number): Finding;
  /** What the usual rate would have done in the span, less what was done. */
  lost(): Finding;
}

/** A window, or what is left of it beside the standstill; or the standstill itself. */
interface Segment {
  readonly start: number;
  readonly end: number;
  readonly rate: number;
  readonly still: boolean;
}

/** The rates of windows that tell one. */
export const ratesOf = (windows: readonly PlacedWindow[]): number[] =>
  windows.filter(({ stub }) => !stub).map(({ rate }) => rate);

/** @throws Unknown when there are too few windows before the migrate command. */
export function usualRate(windows: readonly PlacedWindow[]): number {
  const rates = ratesOf(windows.filter(({ end }) => end <= 0));
  if (rates.length < FEWEST_WINDOWS)
    throw new Unknown(
      `only ${rates.length} windows were recorded before the migrate command: ${FEWEST_WINDOWS} at least tell what is usual`,
    );
  return median(rates);
}

/**
 * @param over seconds on the axis from which on the rate can be back: the migration's end and the vCPUs' return; null: unknown.
 * @param slack seconds by which windows may be off on the axis.
 * @throws Unknown when it is not known what is usual, or nothing was done.
 */
export function brownoutOf(
  windows: readonly PlacedWindow[],
  still: Standstill | null,
  over: number | null,
  slack: number,
): Brownout {
  const usual = usualRate(windows);
  if (usual === 0) throw new Unknown("it did nothing before the migrate command");
  const recorded = windows.at(-1)!.end;
  if (recorded <= 0) throw new Unknown("the recording ended before the migrate command");
  const returned = over === null ? null : backFrom(windows, over, usual);
  const until = returned ?? recorded;
  const back = returned !== null;
  const segments = windows.flatMap((window) => segmentsOf(window, still));
  const within = ({ start, end }: Segment | PlacedWindow): number =>
    Math.max(0, Math.min(end, until) - Math.max(start, 0));
  const open = back ? {} : { source: "workload.jsonl; the rate was not back when the recording ended" };
  return {
    usual,
    until,
    back,
    below(share) {
      const slow = segments.map(({ rate }) => rate < share * usual);
      const sum = (wanted: (i: number) => boolean): number =>
        segments.reduce((total, segment, i) => total + (wanted(i) ? within(segment) : 0), 0);
      const first = slow.indexOf(true);
      const stillTime = still && first >= 0 ? still.uncertainty : 0;
      const value = sum((i) => slow[i]!);
      // It may have become slow, and fast again, anywhere in the outermost windows of a run or in those beside it.
      const surely = sum((i) => slow[i]! && (segments[i]!.still || ((slow[i - 1] ?? true) && (slow[i + 1] ?? true))));
      const maybe = sum((i) => slow[i]! || slow[i - 1] === true || slow[i + 1] === true);
      const low = Math.max(0, Math.min(value, surely - stillTime));
      return { value, low, ...(back ? { high: Math.max(value, Math.min(maybe + stillTime, until + slack)) } : open) };
    },
    lost() {
      const expected = usual * until;
      const edge = windows.filter(({ start, end }) => start < 0 && end > 0);
      const total = (some: readonly PlacedWindow[], share: (window: PlacedWindow) => number): number =>
        some.reduce((sum, window) => sum + window.done * share(window), 0);
      const inside = total(
        windows.filter(({ start, end }) => start >= 0 && end <= until),
        () => 1,
      );
      const value = expected - inside - total(edge, (window) => within(window) / (window.end - window.start));
      const low = expected - inside - total(edge, () => 1) - usual * slack;
      return { value, low, ...(back ? { high: expected - inside + usual * slack } : open) };
    },
  };
}

/** The first window that is as usual again and begins ten that mostly are; null when the recording shows none. */
function backFrom(windows: readonly PlacedWindow[], over: number, usual: number): number | null {
  const later = windows.filter(({ start, stub }) => start >= over && !stub);
  for (let i = 0; i + FEWEST_WINDOWS <= later.length; i++) {
    const enough = Math.min(later[i]!.rate, median(ratesOf(later.slice(i, i + FEWEST_WINDOWS))));
    if (enough >= BACK * usual) return later[i]!.start;
  }
  return null;
}

/** All that a window did it did beside the standstill. */
function segmentsOf(window: PlacedWindow, still: Standstill | null): Segment[] {
  const { start, end, done, rate } = window;
  const [from, to] = still ? [Math.max(start, still.from), Math.min(end, still.to)] : [0, 0];
  if (!(to > from)) return [{ start, end, rate, still: false }];
  const alive = end - start - (to - from);
  const parts = [
    { start, end: from, rate: done / alive, still: false },
    { start: from, end: to, rate: 0, still: true },
    { start: to, end, rate: done / alive, still: false },
  ];
  return parts.filter((part) => part.end > part.start);
}

/** Mean rate between two moments that windows do not fall on, per second; bounds: all or nothing of the windows at its ends. */
export function meanRate(windows: readonly PlacedWindow[], from: number, to: number, slack: number): Finding {
  const last = windows.at(-1);
  const first = windows[0];
  if (!first || !last || first.start > from) throw new Unknown("the recording began too late");
  if (!(to > from)) throw new Unknown("it is the mean of no time");
  let [value, low, high] = [0, 0, 0];
  for (const { start, end, done } of windows) {
    const share = Math.max(0, Math.min(end, to) - Math.max(start, from)) / (end - start);
    value += done * share;
    if (start >= from + slack && end <= to - slack) low += done;
    if (end > from - slack && start < to + slack) high += done;
  }
  const rate = (work: number): number => work / (to - from);
  if (last.end < to)
    throw new Bounded(`the recording ended ${(to - last.end).toFixed(3)} s too early`, { low: rate(low) });
  return { value: rate(value), low: rate(low), high: rate(high) };
}

/** The rounds of a pre-copy migration, put together from samples of its progress. */
import type { MigrationRecord } from "../model/migration.ts";
import type { Round } from "../model/result.ts";
import type { Timeline } from "./timeline.ts";

type Progress = Extract<MigrationRecord, { record: "progress" }>;

/**
 * A round begins where the hypervisor said so or, failing that, at the first sample that has its number. Its bytes are
 * the difference of what had been sent at the first samples of it and of the next; its dirty rate is what the first
 * sample of the next round tells, since hypervisors report the rate of the round that has just ended.
 * @param end seconds on the axis, of the migration's end; null when it has none.
 */
export function roundsOf(records: readonly MigrationRecord[], timeline: Timeline, end: number | null): Round[] {
  const samples = records.filter((line): line is Progress => line.record === "progress" && (line.round ?? 0) > 0);
  const firsts = new Map<number, Progress>();
  const lasts = new Map<number, Progress>();
  const starts = new Map<number, number>();
  for (const line of records)
    if (line.record === "event" && line.kind === "round" && line.round !== undefined && line.round > 0)
      if (!starts.has(line.round)) starts.set(line.round, timeline.at(line.observed));
  for (const sample of samples) {
    const round = sample.round!;
    if (!firsts.has(round)) firsts.set(round, sample);
    lasts.set(round, sample);
    if (!starts.has(round)) starts.set(round, timeline.at(sample.at));
  }
  const numbers = [...starts.keys()].sort((a, b) => a - b);
  const final = records.filter((line): line is Progress => line.record === "progress").at(-1);
  return numbers.map((round, n) => {
    const next = numbers[n + 1];
    const start = starts.get(round)!;
    const until = next === undefined ? end : starts.get(next)!;
    const after = next === undefined ? final : firsts.get(next);
    const first = firsts.get(round);
    const transferred = difference(after?.transferred, first?.transferred);
    const length = until === null ? null : until - start;
    return {
      round,
      start,
      end: until,
      transferred,
      remainingAtStart: first?.remaining ?? null,
      throughput: transferred === null || length === null || length <= 0 ? null : (transferred * 8) / length,
      dirtyRate: next === undefined ? null : (after?.dirtyRate ?? null),
      throttle: lasts.get(round)?.throttle ?? null,
    };
  });
}

const difference = (later: number | undefined, earlier: number | undefined): number | null =>
  later === undefined || earlier === undefined || later < earlier ? null : later - earlier;

/** The rounds of a pre-copy migration, put together from what the hypervisor said and samples of its progress. */
import type { MigrationRecord } from "../model/migration.ts";
import type { Round } from "../model/result.ts";
import { type Sample, samplesOf } from "./samples.ts";
import type { Timeline } from "./timeline.ts";

/** Seconds after a round's start at which a sample still tells of it: samples come at least as often. */
const AT_START = 0.05;

/**
 * A round begins when the hypervisor said so or, failing that, at the first sample that has its number. Samples do not
 * fall on the beginnings: bytes sent until then are interpolated between the samples around it; of a round without any
 * sample nothing is known. The dirty rate of a round
 * is what the first sample after it tells, since hypervisors report the round that has just ended; a hypervisor that
 * never told more than zero has not measured it (QEMU does so once a second).
 * @param end seconds on the axis, of the migration's end; null when it has none.
 */
export function roundsOf(records: readonly MigrationRecord[], timeline: Timeline, end: number | null): Round[] {
  const samples = samplesOf(records, timeline);
  const starts = startsOf(records, samples, timeline);
  const numbers = [...starts.keys()].sort((a, b) => a - b);
  // Once it is over, QEMU gives zero for a rate.
  const underway = samples.filter(({ progress }) => end === null || timeline.at(progress.at) <= end);
  const measured = samples.some(({ progress }) => (progress.dirtyRate ?? 0) > 0);
  return numbers.map((round, n) => {
    const next = numbers[n + 1];
    const start = starts.get(round)!;
    const until = next === undefined ? end : starts.get(next)!;
    const within = samples.filter(({ t, progress }) =>
      progress.round === undefined ? t >= start && (until === null || t < until) : progress.round === round,
    );
    const atStart = within.find(({ t }) => t <= Math.min(start + AT_START, until ?? Number.POSITIVE_INFINITY));
    const after = next === undefined ? undefined : underway.find(({ t }) => t >= starts.get(next)!);
    // What is counted last was sent by the end, even if the sample that tells it came later.
    const told = samples.findLast(({ progress }) => progress.transferred !== undefined);
    const sent = next === undefined ? told?.progress.transferred : sentUntil(samples, starts.get(next)!);
    const before = round === 1 ? 0 : sentUntil(samples, start);
    // A round that no sample fell into is shorter than what interpolation can tell apart.
    const known = within.length > 0 && sent !== undefined && before !== undefined && sent >= before;
    const transferred = known ? Math.round(sent - before) : null;
    const length = until === null ? null : until - start;
    return {
      round,
      start,
      end: until,
      transferred,
      remainingAtStart: atStart?.progress.remaining ?? null,
      throughput: transferred === null || length === null || length <= 0 ? null : (transferred * 8) / length,
      dirtyRate: measured ? (after?.progress.dirtyRate ?? null) : null,
      throttle: within.at(-1)?.progress.throttle ?? null,
    };
  });
}

function startsOf(records: readonly MigrationRecord[], samples: readonly Sample[], timeline: Timeline) {
  const starts = new Map<number, number>();
  for (const line of records) {
    if (line.record !== "event" || line.kind !== "round" || line.round === undefined || line.round < 1) continue;
    if (!starts.has(line.round)) starts.set(line.round, timeline.event(line).t);
  }
  for (const { t, progress } of samples)
    if (progress.round !== undefined && progress.round > 0 && !starts.has(progress.round))
      starts.set(progress.round, t);
  return starts;
}

/** Bytes sent until `t`; undefined outside of the samples or where the hypervisor does not count. */
function sentUntil(samples: readonly Sample[], t: number): number | undefined {
  const next = samples.findIndex((sample) => sample.t >= t);
  const [left, right] = [samples[next - 1], samples[next]];
  const [low, high] = [left?.progress.transferred, right?.progress.transferred];
  if (!right || high === undefined) return undefined;
  if (right.t === t) return high;
  if (!left || low === undefined) return undefined;
  return low + ((high - low) * (t - left.t)) / (right.t - left.t);
}

/** The samples of a migration's progress on the axis, each when it was true. */
import type { MigrationRecord } from "../model/migration.ts";
import type { Timeline } from "./timeline.ts";

export interface Sample {
  /** Seconds on the axis. */
  readonly t: number;
  readonly progress: Extract<MigrationRecord, { record: "progress" }>;
}

/** Seconds, and times the usual, by which an answer has to be late before it is put elsewhere. */
const LATE = 5e-3;
const UNUSUAL = 10;

/**
 * A sample is of the moment of its answer. A hypervisor that is busy sending may put an answer together and deliver it
 * much later; its own count of time tells then: the answer is put where that count had come to, by the samples that were
 * not late.
 */
export function samplesOf(records: readonly MigrationRecord[], timeline: Timeline): Sample[] {
  const samples = records.flatMap((line): Sample[] =>
    line.record === "progress" ? [{ t: timeline.at(line.at), progress: line }] : [],
  );
  // Once it is over the count stands still, and so does everything else.
  const behind = (sample: Sample): number => sample.t - (sample.progress.elapsed ?? Number.NaN);
  const known = samples
    .map(behind)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (known.length < 3) return samples;
  const usual = known[Math.floor(known.length / 2)]! - known[0]!;
  const limit = known[0]! + usual * UNUSUAL + LATE;
  return samples
    .map((sample) =>
      behind(sample) > limit ? { ...sample, t: sample.t - behind(sample) + known[0]! + usual } : sample,
    )
    .sort((a, b) => a.t - b.t);
}

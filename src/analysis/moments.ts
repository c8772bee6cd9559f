/** The moments of a migration on the axis: STOP, RESUME and the end. */
import type { MigrationRecord } from "../model/migration.ts";
import type { Mark, Timeline } from "./timeline.ts";

type Event = Extract<MigrationRecord, { record: "event" }>;

export interface Moments {
  readonly stop: Mark | null;
  readonly resume: Mark | null;
  /** The VM ran on the source again: the migration came to nothing. */
  readonly resumeSource: Mark | null;
  /** The end as we learned of it, on our own monotonic clock, and how it ended. */
  readonly end: { readonly t: number; readonly kind: "completed" | "failed" | "cancelled" } | null;
}

/** From when to when the vCPUs stood still: until RESUME on the destination, or on the source when it came to nothing. */
export function standstill({
  stop,
  resume,
  resumeSource,
}: Moments): { readonly from: number; readonly to: number } | null {
  const again = resume ?? resumeSource;
  return stop && again ? { from: stop.t, to: again.t } : null;
}

/** STOP is the last one on the source before the RESUME that counts: a pause that was taken back is not the blackout. */
export function momentsOf(records: readonly MigrationRecord[], timeline: Timeline): Moments {
  const events = records.filter((line): line is Event => line.record === "event");
  const marks = (kind: Event["kind"], host: Event["host"]): Mark[] =>
    events.filter((event) => event.kind === kind && event.host === host).map((event) => timeline.event(event));
  const resume = marks("resume", "destination")[0] ?? null;
  const stops = marks("stop", "source");
  const stop = stops.filter((mark) => resume === null || mark.t <= resume.t).at(-1) ?? stops.at(-1) ?? null;
  const resumeSource =
    events
      .filter(({ kind }) => kind === "resume-source")
      .map((event) => timeline.event(event))
      .find((mark) => stop !== null && mark.t >= stop.t) ?? null;
  const last = events.find(({ kind }) => kind === "completed" || kind === "failed" || kind === "cancelled");
  const end = last ? { t: timeline.at(last.observed), kind: last.kind as "completed" | "failed" | "cancelled" } : null;
  return { stop, resume, resumeSource, end };
}

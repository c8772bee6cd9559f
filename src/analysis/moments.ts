/** The moments of a migration on the axis: STOP, RESUME, the deadline and the end. */
import type { MigrationRecord } from "../model/migration.ts";
import { DeadlineAction } from "../model/movement.ts";
import type { Status } from "../model/run.ts";
import type { MigrationSettings } from "../model/settings.ts";
import type { Mark, Timeline } from "./timeline.ts";

type Event = Extract<MigrationRecord, { record: "event" }>;

export interface Moments {
  readonly stop: Mark | null;
  readonly resume: Mark | null;
  /** The VM ran on the source again: the migration came to nothing. */
  readonly resumeSource: Mark | null;
  /** The end as we learned of it, on our own monotonic clock, and how it ended. */
  readonly end: { readonly t: number; readonly kind: "completed" | "failed" | "cancelled" } | null;
  /** It had come before the end, and this was done. */
  readonly deadline: { readonly t: number; readonly action: DeadlineAction } | null;
  /** The vCPUs were stopped on purpose, before the hypervisor would have done it. */
  readonly paused: boolean;
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

/**
 * STOP is the last one on the source before the RESUME that counts, or the first of several without a return in between: a
 * pause that was taken back is not the blackout, and one that was not is its beginning.
 * @param about status of the pass: a VM that was started anew on the destination got there, although its live migration
 * did not. And when the plan had the vCPUs stopped, if it did.
 */
export function momentsOf(
  records: readonly MigrationRecord[],
  timeline: Timeline,
  about: { readonly status?: Status | undefined; readonly pause?: MigrationSettings["pause"] } = {},
): Moments {
  const events = records.filter((line): line is Event => line.record === "event");
  const marks = (kind: Event["kind"], host: Event["host"]): Mark[] =>
    events.filter((event) => event.kind === kind && event.host === host).map((event) => timeline.event(event));
  const resume = marks("resume", "destination")[0] ?? null;
  const stops = marks("stop", "source");
  const last = stops.filter((mark) => resume === null || mark.t <= resume.t).at(-1) ?? stops.at(-1) ?? null;
  const returns = events.filter(({ kind }) => kind === "resume-source").map((event) => timeline.event(event));
  const returned = Math.max(...returns.filter(({ t }) => last !== null && t < last.t).map(({ t }) => t));
  const stop = stops.find(({ t }) => t > returned) ?? last;
  const resumeSource = returns.find((mark) => stop !== null && mark.t >= stop.t) ?? null;
  const deadline = deadlineOf(events, timeline);
  const stoppedTwice = stop !== null && last !== null && stop.t < last.t;
  const atDeadline = deadline?.action === "pause" && stop !== null && stop.t >= deadline.t - ORDER;
  const planned = stop !== null && asPlanned(events, timeline, stop.t, about.pause);
  const paused = stoppedTwice || atDeadline || planned;
  return { stop, resume, resumeSource, end: endOf(events, timeline, about.status), deadline, paused };
}

/** Seconds by which a stamp of a host may come before what caused it by our own clock. */
const ORDER = 0.1;

/** Whether the STOP came when the plan asked for it, at a time or after a round: the hypervisor would have stopped later. */
function asPlanned(
  events: readonly Event[],
  timeline: Timeline,
  stop: number,
  pause: MigrationSettings["pause"],
): boolean {
  if (pause?.afterTime !== undefined && stop >= pause.afterTime - ORDER) return true;
  const begun = events.filter(({ kind, observed }) => kind === "round" && timeline.at(observed) <= stop + ORDER);
  return pause?.afterRound !== undefined && Math.max(0, ...begun.map(({ round = 0 }) => round)) > pause.afterRound;
}

/** Where the VM was started anew, the end is that start: what is tidied up after it is not waited for. */
function endOf(events: readonly Event[], timeline: Timeline, status: Status | undefined): Moments["end"] {
  const started = events.findLast((event) => event.kind === "part-end" && event.detail === "start");
  if (started && status === "completed") return { t: timeline.at(started.observed), kind: "completed" };
  const last = events.find(({ kind }) => kind === "completed" || kind === "failed" || kind === "cancelled");
  return last ? { t: timeline.at(last.observed), kind: last.kind as NonNullable<Moments["end"]>["kind"] } : null;
}

function deadlineOf(events: readonly Event[], timeline: Timeline): Moments["deadline"] {
  const event = events.find(({ kind }) => kind === "deadline");
  const action = DeadlineAction.safeParse(event?.detail?.split(/[\s:,]/u)[0]);
  return event && action.success ? { t: timeline.at(event.observed), action: action.data } : null;
}

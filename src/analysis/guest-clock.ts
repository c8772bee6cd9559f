/**
 * The guest's monotonic clock on the axis. It is another clock than ours, and most hypervisors stop it while the vCPUs stand
 * still: afterwards it is behind by that long. So it is a straight line before the switch-over and another one after it,
 * each through the comparisons of its side, and the step between them is the time that the guest never saw.
 */
import type { GuestClock as Comparison } from "../model/agent.ts";
import { type Moments, standstill } from "./moments.ts";
import type { Timeline } from "./timeline.ts";
import { Unknown } from "./unknown.ts";

/** Guest minus ours as a function of time on the axis; true within an uncertainty that grows away from the comparisons. */
interface Line {
  readonly offset: (t: number) => number;
  readonly uncertainty: (t: number) => number;
  /** Seconds on the axis of a guest's time (seconds, counted from the axis' origin on the guest's clock). */
  readonly ours: (guest: number) => number;
}

/** A moment of the guest at which its clock may have stepped. */
export interface Step {
  /** Seconds on the axis. */
  readonly t: number;
  /** The same by the guest's clock. */
  readonly guest: number;
  /** How it was found. */
  readonly source: string;
}

export interface GuestClock {
  /** Seconds on the axis of an instant of the guest: microseconds of its monotonic clock, and nanoseconds after it. */
  at(mono: number, nanoseconds?: number): number;
  /** Seconds, plus or minus, by which a moment of the guest may be off on the axis. */
  uncertainty(t: number): number;
  /** The guest's clock minus ours, seconds, as on the side of the step that `t` lies on. */
  offset(t: number): number;
  /** By how much it fell behind, seconds, with bounds; null when it was not compared on both sides. */
  readonly lost: { readonly value: number; readonly low: number; readonly high: number } | null;
  /** Null when the vCPUs were not stopped: then there is one line. */
  readonly step: Step | null;
}

/** Between two moments of the guest. Null: there was no pause. */
export type LongestPause = (from: number, to: number) => number | null;

/**
 * Clocks differ in speed by less than this unless it was measured: what clock discipline allows (500 parts in a million).
 */
const DRIFT = 500e-6;

const ON_SOURCE: ReadonlySet<Comparison["moment"]> = new Set(["started", "before"]);

/**
 * @param longestPause where, by the guest's clock, its workloads stood still longest: the step's place if no event tells it.
 * @param shutDown seconds on the axis by which the guest was off, where it was shut down: when it has booted anew its clock
 * is another one, and nothing that ran before goes on.
 * @throws Unknown when the comparisons that a side needs were not made.
 */
export function guestClockOf(
  comparisons: readonly Comparison[],
  timeline: Timeline,
  moments: Moments,
  longestPause: LongestPause,
  shutDown: number | null = null,
): GuestClock {
  const points = comparisons
    .map(({ at, offset, uncertainty, moment }) => ({ t: timeline.at(at), offset, uncertainty, moment }))
    .sort((a, b) => a.t - b.t);
  if (shutDown !== null) {
    const alive = points.filter(({ t }) => t <= shutDown);
    if (alive.length === 0) throw new Unknown("the guest's clock was not compared with ours before it was shut down");
    return { ...onOneLine(lineThrough(alive.at(-1)!, alive[0]!, alive.at(-1)!)), lost: null, step: null };
  }
  const source = points.filter(({ moment }) => ON_SOURCE.has(moment));
  const later = points.filter(({ moment }) => !ON_SOURCE.has(moment));
  if (points.length === 0) throw new Unknown("the guest's clock was not compared with ours");
  if (source.length === 0) throw new Unknown("the guest's clock was not compared with ours before the migration");
  const before = lineThrough(source.at(-1)!, source[0]!, source.at(-1)!);
  const stopped = moments.stop !== null && (standstill(moments) !== null || later.length > 0);
  if (!stopped && moments.end?.kind !== "completed") {
    const line = lineThrough(source.at(-1)!, points[0]!, points.at(-1)!);
    const t = later[0]?.t;
    const lost = t === undefined ? null : lostBetween(before, lineThrough(later[0]!, later[0]!, later[0]!), t);
    return { ...onOneLine(line), lost, step: null };
  }
  if (later.length === 0) throw new Unknown("the guest's clock was not compared with ours after the migration");
  const after = lineThrough(later[0]!, later[0]!, later.at(-1)!);
  const step = stepOf(before, moments, longestPause);
  const again = standstill(moments)?.to ?? step.t;
  return {
    at: (mono, nanoseconds = 0) => {
      const guest = guestSeconds(timeline, mono, nanoseconds);
      // A clock that was set ahead has no moments between the step and where it went on.
      return guest <= step.guest ? before.ours(guest) : Math.max(step.t, after.ours(guest));
    },
    uncertainty: (t) => (t <= step.t ? before : after).uncertainty(t),
    offset: (t) => (t <= step.t ? before : after).offset(t),
    lost: lostBetween(before, after, again),
    step,
  };

  function onOneLine(line: Line): Pick<GuestClock, "at" | "uncertainty" | "offset"> {
    return {
      at: (mono, nanoseconds = 0) => line.ours(guestSeconds(timeline, mono, nanoseconds)),
      uncertainty: line.uncertainty,
      offset: line.offset,
    };
  }
}

const guestSeconds = (timeline: Timeline, mono: number, nanoseconds: number): number =>
  (mono - timeline.originMono) / 1e6 + nanoseconds / 1e9;

function stepOf(before: Line, moments: Moments, longestPause: LongestPause): Step {
  const at = (t: number): number => t + before.offset(t);
  if (moments.stop) return { t: moments.stop.t, guest: at(moments.stop.t), source: "STOP on the source" };
  const guest = longestPause(at(0), at(moments.end?.t ?? Number.POSITIVE_INFINITY));
  if (guest === null) throw new Unknown("nothing tells when the VM was stopped");
  return { t: before.ours(guest), guest, source: "the workloads' longest pause, since no event tells of STOP" };
}

function lostBetween(before: Line, after: Line, t: number): NonNullable<GuestClock["lost"]> {
  const value = before.offset(t) - after.offset(t);
  const slack = before.uncertainty(t) + after.uncertainty(t);
  return { value, low: value - slack, high: value + slack };
}

type Point = { readonly t: number; readonly offset: number; readonly uncertainty: number };

/**
 * Through `anchor`, as steep as between `first` and `last`, where these are exact enough and far enough apart to tell more
 * than is known of clocks anyway; else level.
 */
function lineThrough(anchor: Point, first: Point, last: Point): Line {
  const apart = last.t - first.t;
  const measured = apart > 0 ? (last.offset - first.offset) / apart : 0;
  const blur = apart > 0 ? (last.uncertainty + first.uncertainty) / apart : Number.POSITIVE_INFINITY;
  const telling = blur <= DRIFT || Math.abs(measured) > DRIFT + blur;
  const [slope, doubt] = telling ? [measured, blur] : [0, DRIFT];
  return {
    offset: (t) => anchor.offset + slope * (t - anchor.t),
    uncertainty: (t) => anchor.uncertainty + doubt * Math.abs(t - anchor.t),
    ours: (guest) => (guest - anchor.offset + slope * anchor.t) / (1 + slope),
  };
}

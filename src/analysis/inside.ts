/** What the workload shows of the switch-over that its own clock may not have seen. */

import type { Standstill } from "./brownout.ts";
import type { Finding } from "./finding.ts";
import type { GuestClock, Step } from "./guest-clock.ts";
import type { PlacedWindow } from "./lanes.ts";
import { Unknown } from "./unknown.ts";

type Lost = NonNullable<GuestClock["lost"]>;

/** By how much the guest's clock fell behind. @throws Unknown when it was not compared afterwards. */
export function lostOf({ lost }: GuestClock): Lost {
  if (!lost) throw new Unknown("the guest's clock was not compared with ours after the migration");
  return lost;
}

/** The windows in which the clock stepped, as far as is known where it did. */
export function switchWindows(
  windows: readonly PlacedWindow[],
  clock: GuestClock,
  still: Standstill | null,
): readonly PlacedWindow[] {
  const { step } = clock;
  if (!step) return [];
  const slack = clock.uncertainty(step.t) + (still?.uncertainty ?? 0);
  const until = Math.max(step.t, still?.to ?? step.t);
  return windows.filter(({ start, end }) => end >= step.t - slack && start <= until + slack);
}

/**
 * How long a workload stood still around the switch-over, in real time: its longest pause there by the guest's clock, and
 * what that clock lost. The pause may have been beside the step, so the whole is at least the longer of the two.
 */
export function standstillInside(
  windows: readonly PlacedWindow[],
  clock: GuestClock,
  still: Standstill | null,
): Finding {
  const step = stepOrThrow(clock);
  const lost = lostOf(clock);
  const near = switchWindows(windows, clock, still);
  if (near.length === 0) throw new Unknown("no window was recorded around the switch-over");
  if (near.every(({ asked }) => asked === 0)) throw new Unknown("nothing was asked of the workload at that time");
  const pause = Math.max(...near.map(({ record }) => record.pause)) / 1e9;
  const low = Math.max(0, lost.low, pause + Math.min(0, lost.low));
  const high = Math.max(low, pause + Math.max(0, lost.high));
  const value = Math.min(high, Math.max(low, pause + lost.value));
  return { value, low, high, source: `workload.jsonl and the guest's clock, at ${step.source}` };
}

function stepOrThrow({ step }: GuestClock): Step {
  if (!step) throw new Unknown("the VM was not stopped");
  return step;
}

/**
 * The longest operation from the migrate command on. One that was under way while the clock stood still lasted longer than
 * the guest counted; where work goes on without a break one nearly always was.
 */
export function peakLatency(windows: readonly PlacedWindow[], clock: GuestClock, still: Standstill | null): Finding {
  const longest = (some: readonly PlacedWindow[]): number =>
    Math.max(0, ...some.map(({ record }) => (record.latency?.max ?? 0) / 1e9));
  const later = windows.filter(({ end }) => end > 0);
  if (!later.some(({ record }) => record.latency)) throw new Unknown("no operation ended after the migrate command");
  const near = switchWindows(later, clock, still);
  // What ended in the window of the command may have ended before the command.
  const counted = longest(later.filter(({ start }) => start >= 0));
  const lost = clock.step && near.length > 0 ? lostOf(clock) : { value: 0, low: 0, high: 0 };
  const flatOut = near.some(({ asked, done }) => asked === null && done > 0);
  const value = flatOut ? Math.max(counted, lost.value) : counted;
  const high = Math.max(value, longest(later), near.length > 0 ? longest(near) + Math.max(0, lost.high) : 0);
  return { value, low: counted, high };
}

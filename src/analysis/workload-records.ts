/** What the workloads and their peers recorded in a pass, on the axis: each part derived when somebody asks. */
import type { AgentRecord } from "../model/agent.ts";
import { ARTIFACT } from "../model/artifacts.ts";
import type { Scenario } from "../model/plan.ts";
import type { Part } from "../model/result.ts";
import type { PassRecord } from "../model/run.ts";
import { type Workload, workloadsOf } from "../model/workload.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Standstill } from "./brownout.ts";
import { type GuestClock, guestClockOf } from "./guest-clock.ts";
import { agentOf, type Lane, lanesOf, longestPauseOf, type Place, type PlacedWindow, placeWindows } from "./lanes.ts";
import { type Moments, standstill } from "./moments.ts";
import type { Timeline } from "./timeline.ts";
import { lazy, orNull, Unknown } from "./unknown.ts";

/** Who recorded: the guest, or its peer on the benchmark server. */
export type Side = "guest" | "peer";
export const RECORDED_BY: Readonly<Record<Side, "workload.jsonl" | "peer.jsonl">> = {
  guest: ARTIFACT.workload,
  peer: ARTIFACT.peer,
};

/** Every method throws `Unknown` with the reason when its value cannot be known. */
export interface WorkloadRecords {
  /** As the scenario has them; a lane's number is its place in this list. */
  readonly planned: readonly Workload[];
  clock(): GuestClock;
  agent(side: Side): Extract<AgentRecord, { record: "agent" }>;
  lanes(side: Side): readonly Lane[];
  lane(side: Side, number: number): Lane;
  place(side: Side): Place;
  windows(side: Side, number: number): readonly PlacedWindow[];
  /** Seconds by which a moment of `side` may be off on the axis. */
  slack(side: Side, t: number): number;
  /** When the vCPUs stood still; null when nothing tells. */
  still(): Standstill | null;
}

export function workloadRecords(
  scenario: Scenario,
  artifacts: Artifacts,
  record: PassRecord | null,
  timeline: () => Timeline,
  moments: () => Moments,
  parts: () => readonly Part[],
): WorkloadRecords {
  const of = <T>(make: (side: Side) => T) => {
    const both = { guest: lazy(() => make("guest")), peer: lazy(() => make("peer")) };
    return (side: Side): T => both[side]();
  };
  const lines = (side: Side) => (side === "guest" ? artifacts.workload() : artifacts.peer());
  const agent = of((side) => {
    const found = agentOf(lines(side));
    if (!found) throw new Unknown(`${RECORDED_BY[side]} does not say who recorded it`);
    return found;
  });
  const lanes = of((side) => lanesOf(lines(side)));
  const clock = lazy(() => {
    if (!record) throw new Unknown("the comparisons of the guest's clock are not recorded");
    const pause = (from: number, to: number): number | null =>
      longestPauseOf(lanes("guest"), timeline().originMono, from, to);
    const down = parts().find(({ part }) => part === "shut-down");
    return guestClockOf(record.guestClocks, timeline(), moments(), pause, down ? (down.end ?? down.start) : null);
  });
  const lane = (side: Side, number: number): Lane => {
    const found = lanes(side).find(({ about }) => about.lane === number);
    if (!found) throw new Unknown(`${RECORDED_BY[side]} has nothing of workload ${number}`);
    return found;
  };
  const place = of((side): Place => {
    if (side === "guest") return clock().at;
    const { originMono } = timeline();
    return (mono, nanoseconds = 0) => (mono - originMono) / 1e6 + nanoseconds / 1e9;
  });
  const placed = of((side) => {
    const { windowLength } = agent(side);
    return new Map(lanes(side).map((one) => [one, placeWindows(one, place(side), windowLength)]));
  });
  return {
    planned: workloadsOf(scenario.workload),
    clock,
    agent,
    lanes,
    lane,
    place,
    windows: (side, number) => placed(side).get(lane(side, number))!,
    slack: (side, t) => (side === "guest" ? clock().uncertainty(t) : 0),
    still: lazy(() => stillOf(moments(), orNull(clock))),
  };
}

/** By the hypervisor's events; else by the time that the guest's clock lost, from where it stepped. */
function stillOf(moments: Moments, clock: GuestClock | null): Standstill | null {
  const known = standstill(moments);
  const [stop, again] = [moments.stop, moments.resume ?? moments.resumeSource];
  if (known && stop && again && known.to > known.from) {
    const unknown = (known.to - known.from) / 2;
    return { ...known, uncertainty: (stop.uncertainty ?? unknown) + (again.uncertainty ?? unknown) };
  }
  const { lost = null, step = null } = clock ?? {};
  if (!lost || !step || lost.low <= 0) return null;
  return { from: step.t, to: step.t + lost.value, uncertainty: lost.high - lost.value };
}

/** What the receiving side of a network workload found out: losses, breaks, and how the delay changed. */

import type { WorkloadResult } from "../model/result.ts";
import type { Workload } from "../model/workload.ts";
import { type Finding, measured } from "./finding.ts";
import type { PlacedWindow } from "./lanes.ts";
import { orNull, Unknown } from "./unknown.ts";
import { RECORDED_BY, type Side, type WorkloadRecords } from "./workload-records.ts";

type Network = NonNullable<WorkloadResult["network"]>;
type Event = Network["events"][number];
type Kind = Event["kind"];

/** So many events are listed. */
const MOST_EVENTS = 200;
const SIDES: readonly Side[] = ["guest", "peer"];

/** Undefined for a workload that uses no network. */
export function networkOf(records: WorkloadRecords, number: number): Network | undefined {
  const workload = records.planned[number];
  if (workload?.kind !== "tcp" && workload?.kind !== "udp") return undefined;
  const side = receiverOf(workload);
  const source = RECORDED_BY[side];
  const count = (kind: Kind, less?: Kind) =>
    measured("count", source, () => {
      const lane = records.lane(side, number);
      const dropped = records.agent(side).dropped;
      const of = (one: Kind | undefined): number =>
        lane.discontinuities.reduce((sum, { kind, count }) => sum + (kind === one ? count : 0), 0);
      const value = Math.max(0, of(kind) - of(less));
      // What found no room was counted nowhere.
      return dropped > 0 ? { value, low: value } : { value, low: value, high: value };
    });
  const datagrams = workload.kind === "udp";
  const none = (what: string) =>
    measured("count", source, () => {
      throw new Unknown(what);
    });
  const events = eventsOf(records, number);
  return {
    lost: datagrams ? count("lost", "reordered") : none("TCP sends again what is lost; only breaks are seen"),
    duplicates: datagrams ? count("duplicate") : none("TCP delivers nothing twice"),
    reordered: datagrams ? count("reordered") : none("TCP delivers in order"),
    corrupt: count("corrupt"),
    breaks: datagrams ? none("UDP has no connection") : count("broken"),
    delayChange: measured("s", source, () => {
      if (!datagrams) throw new Unknown("only datagrams carry the time at which they were sent");
      return delayChange(records, number, side);
    }),
    events: kept(events),
    omitted: Math.max(0, events.length - MOST_EVENTS),
  };
}

const receiverOf = ({ direction }: Extract<Workload, { kind: "tcp" | "udp" }>): Side =>
  direction === "receive" ? "guest" : "peer";

/** Those of both sides that can be put on the axis. */
function eventsOf(records: WorkloadRecords, number: number): Event[] {
  return SIDES.flatMap((side) => {
    const lane = orNull(() => records.lane(side, number));
    const place = orNull(() => records.place(side));
    if (!lane || !place) return [];
    return lane.discontinuities.map(({ kind, at, since, sequence, count }) => ({
      side,
      kind,
      t: place(at.mono),
      since: since ? place(since.mono) : null,
      sequence,
      count,
    }));
  });
}

function kept(events: readonly Event[]): Event[] {
  const length = ({ t, since }: Event): number => (since === null ? 0 : t - since);
  return [...events]
    .sort((a, b) => length(b) - length(a) || b.count - a.count || a.t - b.t)
    .slice(0, MOST_EVENTS)
    .sort((a, b) => a.t - b.t || a.sequence - b.sequence);
}

/**
 * A delay is recorded as arrival by one clock minus departure by the other, so the guest's offset is in it and steps with
 * its clock. Around the switch-over the sender may have stamped, or the receiver read, on either side of the step.
 */
function delayChange(records: WorkloadRecords, number: number, side: Side): Finding {
  const clock = records.clock();
  const sign = side === "guest" ? -1 : 1;
  const windows = records.windows(side, number).filter(({ record }) => record.oneWayDelay);
  const before = windows.filter(({ end }) => end <= 0);
  const later = windows.filter(({ end }) => end > 0);
  if (before.length === 0) throw new Unknown("no datagram came before the migrate command");
  if (later.length === 0) throw new Unknown("no datagram came after the migrate command");
  const still = records.still();
  const delay = ({ start, end, record }: PlacedWindow, which: "low" | "high") => {
    const recorded = record.oneWayDelay![which] / 1e9;
    const sides = [clock.offset(start), clock.offset(end)].map((offset) => recorded + sign * offset);
    const { step } = clock;
    // A datagram that was held through the blackout was stamped before it, and came in a window after it.
    const held =
      step && start > step.t && start <= (still?.to ?? step.t) ? [recorded + sign * clock.offset(step.t)] : [];
    return { low: Math.min(...sides, ...held), high: Math.max(...sides, ...held) };
  };
  const least = Math.min(...before.map((window) => delay(window, "low").low));
  const lows = Math.max(...later.map((window) => delay(window, "high").low));
  const highs = Math.max(...later.map((window) => delay(window, "high").high));
  const slack = clock.uncertainty(0) + clock.uncertainty(later.at(-1)!.end);
  const value = lows - least;
  return { value, low: value - slack, high: highs - least + slack };
}

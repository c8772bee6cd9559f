/** A guest with known truth: its clock, its work over real time, and what the agent would have recorded of it. */
import type { AgentRecord, GuestClock as Comparison } from "../../src/model/agent.ts";
import type { Instant } from "../../src/model/time.ts";

export interface GuestWorld {
  /** Seconds since the migrate command, as everything here. */
  readonly stop: number;
  readonly resume: number;
  /** Whether the guest's clock stands still while the VM does. */
  readonly clockStops: boolean;
  /** Guest's clock minus ours at time 0, seconds, and how much faster it runs (1e-5: 10 parts in a million). */
  readonly offset: number;
  readonly drift: number;
  /** Units per second at a moment of real time, while the VM runs. */
  readonly rate: (t: number) => number;
  readonly from: number;
  readonly until: number;
  /** Seconds that a window is meant to last. */
  readonly window: number;
  /** Seconds, plus or minus, and where in it the error of each comparison lies (−1 to 1). */
  readonly uncertainty?: number;
  readonly errors?: readonly [number, number, number, number];
}

export const TYPICAL: GuestWorld = {
  stop: 2.034,
  resume: 2.234,
  clockStops: true,
  offset: -1234.5,
  drift: 0,
  rate: () => 5000,
  from: -8,
  until: 8,
  window: 0.1,
};

/** Seconds of a step of the simulation: nothing in the guest is finer. */
export const TICK = 1e-3;
const UNIT = 4096;

/** The guest's clock at a moment of real time, seconds. */
export function guestTime({ stop, resume, clockStops, offset, drift }: GuestWorld, t: number): number {
  const stood = clockStops ? Math.min(Math.max(0, t - stop), resume - stop) : 0;
  return offset + (1 + drift) * (t - stood);
}

/** What it did between two moments, units. */
export function trueWork(world: GuestWorld, from: number, to: number): number {
  let sum = 0;
  for (const t of ticks(world)) if (t >= from && t < to && runs(world, t)) sum += world.rate(t) * TICK;
  return sum;
}

/** Real seconds with less than `share` of `usual` between two moments. */
export function trueSlow(world: GuestWorld, usual: number, share: number, from: number, to: number): number {
  let sum = 0;
  for (const t of ticks(world))
    if (t >= from && t < to && (!runs(world, t) || world.rate(t) < share * usual)) sum += TICK;
  return sum;
}

const runs = ({ stop, resume }: GuestWorld, t: number): boolean => t < stop || t >= resume;
const ticks = ({ from, until }: GuestWorld): number[] =>
  Array.from({ length: Math.round((until - from) / TICK) }, (_, i) => from + i * TICK);

/** @param origin microseconds of our monotonic clock at time 0. */
export function comparisonsOf(world: GuestWorld, origin: number): Comparison[] {
  const { uncertainty = 2e-4, errors = [0, 0, 0, 0], until, resume } = world;
  const moments = ["started", "before", "after", "end"] as const;
  return [world.from, -0.05, resume + 1, until].map((t, i) => {
    const at = { wall: 0, mono: Math.round(origin + t * 1e6) };
    const offset = guestTime(world, t) - t + errors[i]! * uncertainty;
    return { at, moment: moments[i]!, offset, wallOffset: 0, uncertainty };
  });
}

/** The lines of `workload.jsonl`: one lane that writes to memory, page by page. */
export function agentRecords(
  world: GuestWorld,
  origin: number,
  lane: Partial<Extract<AgentRecord, { record: "lane" }>> = {},
): AgentRecord[] {
  const instant = (guest: number): Instant => {
    const mono = Math.round(origin + guest * 1e6);
    return { wall: 1_780_000_000_000_000 + mono, mono };
  };
  const number = lane.lane ?? 0;
  const windows: AgentRecord[] = [];
  let [begin, work, done, operations, pause] = [guestTime(world, world.from), 0, 0, 0, 0];
  let last = begin;
  const close = (now: number): void => {
    const whole = Math.floor(work);
    const start = instant(begin);
    // As the agent: lengths in nanoseconds, beginnings cut to microseconds.
    const length = Math.round((now - begin) * 1e9);
    const tail = Math.round(pause * 1e9);
    const latency = { p50: 1e6, p90: 1e6, p99: 1e6, max: tail };
    windows.push({
      record: "window",
      lane: number,
      start,
      length,
      asked: null,
      done: whole - done,
      operations,
      latency: operations > 0 ? latency : null,
      pause: tail,
      stalled: 0,
      distinct: whole - done,
      merged: 1,
    });
    [begin, done, operations, pause] = [now, whole, 0, 0];
  };
  for (const t of ticks(world)) {
    if (!runs(world, t)) continue;
    const now = guestTime(world, t);
    pause = Math.max(pause, now - last);
    last = now;
    if (now >= begin + world.window) close(now);
    work += world.rate(t) * TICK;
    operations++;
  }
  close(guestTime(world, world.until));
  const end = instant(guestTime(world, world.until));
  return [
    {
      record: "agent",
      version: 1,
      side: "guest",
      machine: "x86_64",
      pageSize: UNIT,
      windowLength: world.window * 1e6,
      started: instant(guestTime(world, world.from)),
      fetched: end,
      ownMemory: 500_000,
      dropped: 0,
    },
    {
      record: "lane",
      lane: number,
      kind: "memory-write",
      unit: "page",
      unitBytes: UNIT,
      operation: 16,
      requested: 64 * 2 ** 20,
      touched: 64 * 2 ** 20,
      distinct: "exact",
      ...lane,
    },
    ...windows,
    {
      record: "end",
      lane: number,
      at: end,
      how: "stopped",
      done,
      operations: 1,
      stale: 0,
      user: 4e9,
      system: 1e9,
    },
  ];
}

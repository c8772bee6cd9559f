/** What each workload recorded, put together, and its windows on the axis. */
import type { AgentRecord, LaneRecord, WindowRecord } from "../model/agent.ts";

type Of<K extends AgentRecord["record"]> = Extract<AgentRecord, { record: K }>;

/** Everything of one lane, times as recorded. */
export interface Lane {
  readonly about: LaneRecord;
  readonly windows: readonly WindowRecord[];
  readonly stalls: readonly Of<"stall">[];
  readonly discontinuities: readonly Of<"discontinuity">[];
  readonly end: Of<"end"> | null;
}

/** A window on the axis. Work is in bytes, or in units where these are no data. */
export interface PlacedWindow {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  readonly done: number;
  /** Per second of real time. */
  readonly rate: number;
  /** Per second of the recorder's time; null: flat out. */
  readonly asked: number | null;
  /** Too short to judge a rate by: the recording ended in it. */
  readonly stub: boolean;
  readonly record: WindowRecord;
}

/** Seconds on the axis of an instant of the recorder: microseconds of its monotonic clock and nanoseconds after it. */
export type Place = (mono: number, nanoseconds?: number) => number;

export const agentOf = (records: readonly AgentRecord[]): Of<"agent"> | null =>
  records.find((line): line is Of<"agent"> => line.record === "agent") ?? null;

/** In the order of their numbers. */
export function lanesOf(records: readonly AgentRecord[]): Lane[] {
  const abouts = records.filter((line): line is LaneRecord => line.record === "lane");
  return abouts
    .map((about) => {
      const own = <K extends "window" | "stall" | "discontinuity" | "end">(kind: K): Of<K>[] =>
        records.filter((line): line is Of<K> => line.record === kind && "lane" in line && line.lane === about.lane);
      return {
        about,
        windows: own("window"),
        stalls: own("stall"),
        discontinuities: own("discontinuity"),
        end: own("end")[0] ?? null,
      };
    })
    .sort((a, b) => a.about.lane - b.about.lane);
}

/** Bytes of a unit of work; 1 where a unit is no data and work is counted. */
export const bytesOrOne = ({ unitBytes }: LaneRecord): number => (unitBytes > 0 ? unitBytes : 1);

/** What the result counts a lane's work in. */
export const unitOf = ({ unitBytes }: LaneRecord): "bytes" | "count" => (unitBytes > 0 ? "bytes" : "count");

/** A window that lasts less than this share of what it was meant to is a stub. */
const STUB = 0.5;

/**
 * A window's end is the next one's beginning. One that holds a step of the guest's clock is longer here than by its own
 * count: the blackout is a hole in the work.
 * @param windowLength microseconds that a window is meant to last.
 */
export function placeWindows(lane: Lane, place: Place, windowLength: number): PlacedWindow[] {
  const factor = bytesOrOne(lane.about);
  return lane.windows.flatMap((record): PlacedWindow[] => {
    const start = place(record.start.mono);
    const end = place(record.start.mono, record.length);
    const done = record.done * factor;
    if (!(end > start)) return [];
    const asked = record.asked === null ? null : (record.asked * factor) / (record.length / 1e9);
    const stub = record.length < windowLength * 1e3 * STUB;
    return [{ start, end, done, rate: done / (end - start), asked, stub, record }];
  });
}

/** Where lanes stood still longest between two moments; all in seconds of the recorder's clock since `originMono`. */
export function longestPauseOf(lanes: readonly Lane[], originMono: number, from: number, to: number): number | null {
  const seconds = (mono: number): number => (mono - originMono) / 1e6;
  // A stall tells where it began; a window only that its pause lies within.
  const pauses = lanes.flatMap(({ windows, stalls }) => [
    ...stalls.map(({ start, length }) => ({ at: seconds(start.mono), length })),
    ...windows.map(({ start, length, pause }) => ({ at: seconds(start.mono + length / 2e3), length: pause })),
  ]);
  return (
    pauses
      .filter(({ at, length }) => length > 0 && at >= from && at <= to)
      .reduce<(typeof pauses)[number] | null>((most, one) => (most && most.length >= one.length ? most : one), null)
      ?.at ?? null
  );
}

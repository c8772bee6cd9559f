import { describe, expect, test } from "vitest";
import { momentsOf } from "../../src/analysis/moments.ts";
import { roundsOf } from "../../src/analysis/rounds.ts";
import { timelineOf, wallClockSteps } from "../../src/analysis/timeline.ts";
import { Unknown } from "../../src/analysis/unknown.ts";
import { MigrationRecord } from "../../src/model/migration.ts";
import { at } from "./run-world.ts";
import { probeLog } from "./world.ts";

const records = (...lines: object[]) => lines.map((line) => MigrationRecord.parse(line));
const event = (kind: string, host: string, t: number, more: object = {}) => ({
  record: "event",
  kind,
  host,
  observed: at(t),
  ...more,
});
const none = () => {
  throw new Unknown("absent");
};

describe("the time axis", () => {
  test("begins at the migrate command", () => {
    const timeline = timelineOf(() => records(event("command", "source", 0)), null, none);
    expect(timeline.at(at(1.5))).toBeCloseTo(1.5, 9);
  });

  test("takes the wall clock from the prober, which reads both clocks at once", () => {
    const sloppy = { ...event("command", "source", 0), observed: { ...at(0), wall: at(0).wall + 1900 } };
    const log = probeLog({ interval: 1e6, ticks: 10, outages: [], there: () => 0, back: () => 0 });
    const timeline = timelineOf(
      () => records(sloppy),
      null,
      () => log,
    );
    expect(timeline.wall("benchmark", Math.floor(at(0).wall / 1e6), (at(0).wall % 1e6) * 1e3)).toBeCloseTo(0, 9);
  });

  test("is unknown without a command", () => {
    expect(() => timelineOf(() => [], null, none)).toThrow(Unknown);
  });

  test("shows a step of the wall clock, and not its drift", () => {
    expect(wallClockSteps([at(0), at(100)])).toEqual([]);
    expect(wallClockSteps([at(0), { ...at(100), wall: at(100).wall + 30_000 }])).toEqual([]);
    expect(wallClockSteps([at(0), { ...at(100), wall: at(100).wall - 2_000_000 }])).toEqual([-2]);
  });
});

describe("the moments", () => {
  const find = (...lines: object[]) => {
    const all = records(event("command", "source", 0), ...lines);
    return momentsOf(
      all,
      timelineOf(() => all, null, none),
    );
  };

  test("take the STOP that led to the RESUME", () => {
    const found = find(
      event("stop", "source", 1),
      event("resume-source", "source", 2),
      event("stop", "source", 5),
      event("resume", "destination", 6),
    );
    expect(found.stop!.t).toBeCloseTo(5, 6);
    expect(found.resume!.t).toBeCloseTo(6, 6);
    expect(found.resumeSource).toBeNull();
  });

  test("of a failed migration keep the pause at the source", () => {
    const found = find(event("stop", "source", 1), event("resume-source", "source", 2.5), event("failed", "source", 3));
    expect(found.resumeSource!.t - found.stop!.t).toBeCloseTo(1.5, 6);
    expect(found.end).toEqual({ t: 3, kind: "failed" });
  });
});

describe("rounds", () => {
  const progress = (t: number, round: number, more: object = {}) => ({
    record: "progress",
    at: at(t),
    status: "active",
    round,
    ...more,
  });
  const find = (...lines: object[]) => {
    const all = records(event("command", "source", 0), ...lines);
    return roundsOf(
      all,
      timelineOf(() => all, null, none),
      2,
    );
  };

  test("have the bytes sent until the hypervisor said that the next began", () => {
    const rounds = find(
      progress(0.1, 0),
      progress(0.2, 1, { transferred: 10, remaining: 100, throttle: 0 }),
      progress(0.8, 1, { transferred: 80, throttle: 0.2 }),
      event("round", "source", 1, { round: 2 }),
      progress(1.2, 2, { transferred: 120, dirtyRate: 77 }),
      progress(2.1, 2, { transferred: 150 }),
    );
    expect(rounds).toHaveLength(2);
    expect(rounds[0]).toMatchObject({ transferred: 100, remainingAtStart: 100, dirtyRate: 77, throttle: 0.2 });
    expect(rounds[0]!.throughput).toBeCloseTo((100 * 8) / 0.8, 3);
    expect(rounds[1]).toMatchObject({ round: 2, end: 2, transferred: 50, dirtyRate: null, remainingAtStart: null });
  });

  test("put an answer that came late where the hypervisor's own count of time puts it", () => {
    // A busy QEMU put this answer together at 1.01 s and delivered it at 1.9 s.
    const sample = (at: number, elapsed: number, round: number, transferred: number, remaining: number) =>
      progress(at, round, { elapsed, transferred, remaining });
    const rounds = find(
      event("round", "source", 0, { round: 1 }),
      ...[0.1, 0.2, 0.5, 0.9].map((t) => sample(t, t, 1, 1000 * t, 1000)),
      event("round", "source", 0.95, { round: 2 }),
      event("round", "source", 1, { round: 3 }),
      sample(1.9, 1.01, 3, 1010, 30),
      { ...sample(1.95, 1.95, 3, 2000, 0), status: "completed" },
    );
    expect(rounds.map(({ transferred }) => transferred)).toEqual([950, null, 1000]);
    expect(rounds.map(({ remainingAtStart }) => remainingAtStart)).toEqual([null, null, 30]);
  });

  test("remain unknown at their start where the first sample came later", () => {
    const rounds = find(event("round", "source", 0.1, { round: 1 }), progress(1.5, 1, { remaining: 0 }));
    expect(rounds[0]!.remainingAtStart).toBeNull();
  });

  test("of which the first was not seen begin with nothing known", () => {
    const rounds = find(
      progress(0.5, 2, { transferred: 500 }),
      progress(1, 3, { transferred: 700 }),
      progress(1.9, 3, { transferred: 900 }),
      progress(1.95, 3),
    );
    expect(rounds.map(({ round, transferred }) => [round, transferred])).toEqual([
      [2, 200],
      [3, 200],
    ]);
  });

  test("take no rate from answers after the end, where hypervisors give zero", () => {
    const sample = (at: number, elapsed: number, round: number, dirtyRate: number) =>
      progress(at, round, { elapsed, dirtyRate });
    const rounds = find(
      ...[0.1, 0.5, 1, 1.5].map((t) => sample(t, t, 1, 0)),
      event("round", "source", 1.97, { round: 2 }),
      sample(1.989, 1.985, 2, 77),
      // The count has stood still since the end, so this one is put before the last that was in time.
      { ...sample(2.4, 1.98, 2, 0), status: "completed" },
    );
    expect(rounds.map(({ dirtyRate }) => dirtyRate)).toEqual([77, null]);
  });

  test("have no dirty rate where the hypervisor had not measured any", () => {
    const rounds = find(progress(0.2, 1, { dirtyRate: 0 }), progress(1, 2, { dirtyRate: 0 }));
    expect(rounds.map(({ dirtyRate, transferred }) => [dirtyRate, transferred])).toEqual([
      [null, null],
      [null, null],
    ]);
  });
});

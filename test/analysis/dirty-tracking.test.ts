import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { analyzeRun } from "../../src/analysis/analyze.ts";
import { dirtiedBetween, dirtiedWithin, type Writer } from "../../src/analysis/dirtied.ts";
import type { PlacedWindow } from "../../src/analysis/lanes.ts";
import { syncPeriods } from "../../src/analysis/sync-periods.ts";
import type { DirtyRateReading } from "../../src/model/artifacts.ts";
import type { Round } from "../../src/model/result.ts";
import { agentRecords, type GuestWorld, TYPICAL } from "./guest-world.ts";
import { at, type Guest, writeRun } from "./run-world.ts";

/** A writer that touches its pages one after the other, so many per second: what it dirtied is known exactly. */
const writer = (pages: number, rate: number, phase: number, pattern: Writer["pattern"] = "sequential"): Writer => {
  const windows = Array.from({ length: 200 }, (_, i): PlacedWindow => {
    const start = -phase + i * 0.1;
    const touched = (t: number): number => Math.floor((t + phase) * rate + 1e-6);
    const done = touched(start + 0.1) - touched(start);
    const record = { done, distinct: Math.min(done, pages) } as PlacedWindow["record"];
    return { start, end: start + 0.1, done: done * 4096, rate, asked: null, stub: false, record };
  });
  return { pattern, pages, windows };
};
/** By enumeration: each touch is of the next page. */
const enumerate = (pages: number, rate: number, phase: number, from: number, to: number): number => {
  const touch = (t: number): number => Math.ceil((t + phase) * rate);
  const seen = new Set<number>();
  for (let i = touch(from); i < touch(to); i++) seen.add(i % pages);
  return seen.size;
};

describe("pages that the workloads dirtied", () => {
  test("are counted with the truth in the bounds, as often as the set was gone over", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 3000 }),
        fc.integer({ min: 50, max: 2000 }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        (pages, rate, phase, from, length) => {
          const truth = enumerate(pages, rate, phase, from, from + length);
          const found = dirtiedBetween([writer(pages, rate, phase)], from, from + length, 1e-6);
          expect(found.low).toBeLessThanOrEqual(truth);
          expect(found.high).toBeGreaterThanOrEqual(truth);
          expect(Math.abs(found.value - truth)).toBeLessThanOrEqual(2);
        },
      ),
    );
  });

  test("in a stretch somewhere within a time are bounded wherever it lies", () => {
    const steps = writer(1e6, 1000, 0);
    // Fast in the middle: the place of the stretch decides.
    const windows = steps.windows.map((window) =>
      window.start > 2 && window.start < 3 ? { ...window, record: { ...window.record, done: 500 } } : window,
    );
    const uneven: Writer = { ...steps, windows };
    const found = dirtiedWithin([uneven], 1, 4, 1, 0);
    for (let at = 1; at <= 3; at += 0.037) {
      const { value } = dirtiedBetween([uneven], at, at + 1, 0);
      expect(found.low).toBeLessThanOrEqual(value);
      expect(found.high).toBeGreaterThanOrEqual(value);
    }
    expect(found.low).toBeLessThanOrEqual(1000);
    expect(found.high).toBeGreaterThan(4500);
  });

  test("of a skewed writer are bounds only, and of time without windows unknown", () => {
    expect(() => dirtiedBetween([writer(100, 1000, 0, "skewed")], 1, 2, 0)).toThrow("skewed");
    expect(() => dirtiedBetween([writer(100, 1000, 0)], -1, 2, 0)).toThrow("did not record all");
    expect(() => dirtiedBetween([writer(100, 1000, 0)], 1, 21, 0)).toThrow("did not record all");
  });
});

describe("the time that a rate of the hypervisor refers to", () => {
  const rounds = (starts: readonly number[]): Round[] =>
    starts.map((start, i) => ({
      round: i + 1,
      start,
      end: null,
      transferred: null,
      remainingAtStart: null,
      throughput: null,
      dirtyRate: (i + 1) * 100,
      throttle: null,
    }));
  const periods = (starts: readonly number[], until = Number.POSITIVE_INFINITY) =>
    syncPeriods(rounds(starts), until).map(({ syncs, firstRound, lastRound, dirtyRate }) => ({
      from: syncs[0],
      to: syncs.at(-1),
      rounds: [firstRound, lastRound],
      dirtyRate,
    }));

  test("is a round that lasted longer than a second", () => {
    expect(periods([0, 2, 4])).toEqual([
      { from: 0, to: 2, rounds: [1, 1], dirtyRate: 100 },
      { from: 2, to: 4, rounds: [2, 2], dirtyRate: 200 },
    ]);
  });
  test("is several rounds that were shorter", () => {
    expect(periods([0, 0.4, 0.8, 1.2, 1.3])).toEqual([{ from: 0, to: 1.2, rounds: [1, 3], dirtyRate: 300 }]);
  });
  test("is not guessed where a second may or may not have passed, nor beyond a round that nobody saw", () => {
    expect(periods([0, 1.001, 3])).toEqual([]);
    const some = rounds([0, 2, 4, 6]).filter(({ round }) => round !== 3);
    expect(syncPeriods(some, 100).map(({ firstRound }) => firstRound)).toEqual([1]);
  });
  test("ends with pre-copy", () => {
    expect(periods([0, 2, 4], 3)).toHaveLength(1);
  });
});

describe("the hypervisor's account against the guest's", () => {
  const written: string[] = [];
  afterEach(() => {
    for (const directory of written.splice(0)) rmSync(directory, { recursive: true });
  });
  const WORLD: GuestWorld = { ...TYPICAL, stop: 5.2, resume: 5.3, rate: () => 20_000 };
  /** Writes 20,000 pages a second in a set of 16,384: in a second all of them. */
  const RATE = 16_384 * 4096;
  const reading = (bytesPerSecond: number): DirtyRateReading => ({
    start: at(-4),
    end: at(-2.8),
    seconds: 1,
    bytesPerSecond,
    how: "dirty-bitmap",
    resolution: 2 ** 20,
    host: "source",
  });
  const guest = (more: Partial<Guest> = {}): Guest => ({
    workload: { kind: "memory-write", size: "64MiB" },
    world: WORLD,
    records: agentRecords(WORLD, at(0).mono),
    ...more,
  });
  const quietOf = async (some: Guest, migration?: readonly object[]) => {
    const directory = writeRun(some);
    written.push(directory);
    if (migration)
      writeFileSync(
        join(directory, "trials/001-idle-1/quiet/migration.jsonl"),
        migration.map((row) => `${JSON.stringify(row)}\n`).join(""),
      );
    return (await analyzeRun(directory)).result.trials[0]!.passes[0]!;
  };
  const doubts = (warnings: readonly string[]): string[] => warnings.filter((text) => text.includes("counted"));

  test("agrees within the margin, and says nothing", async () => {
    const { dirtyTracking, warnings } = await quietOf(guest({ dirtyRate: [reading(RATE * 0.97)] }));
    expect(dirtyTracking).toMatchObject([
      { how: "dirty-bitmap", t: -4, verdict: "agrees", guest: { value: RATE }, ratio: { value: 0.97 } },
    ]);
    expect(dirtyTracking[0]!.margin).toBeCloseTo(0.1 + 2 ** 20 / RATE, 6);
    expect(doubts(warnings)).toEqual([]);
  });

  test("differs beyond it, in words and with the figures", async () => {
    const { dirtyTracking, warnings } = await quietOf(
      guest({ dirtyRate: [reading(RATE * 0.41), reading(RATE * 1.5)] }),
    );
    expect(dirtyTracking.map(({ verdict }) => verdict)).toEqual(["differs", "differs"]);
    expect(doubts(warnings)).toEqual([
      "the hypervisor counted 41 % of the pages that the guest dirtied: dirty-bitmap, 27.5 MB/s against 67.1 MB/s",
      "the hypervisor counted 150 % of the pages that the guest dirtied: dirty-bitmap, 101 MB/s against 67.1 MB/s",
    ]);
  });

  test("may count more where other workloads dirty memory as well, not less", async () => {
    const disk = agentRecords(WORLD, at(0).mono, { lane: 1, kind: "disk-write", unit: "byte", unitBytes: 1 }).slice(1);
    const both = guest({
      workload: [
        { kind: "memory-write", size: "64MiB" },
        { kind: "disk-write", size: "64MiB" },
      ],
      records: [...agentRecords(WORLD, at(0).mono), ...disk],
      dirtyRate: [reading(RATE * 0.41), reading(RATE * 1.5)],
    });
    const { dirtyTracking } = await quietOf(both);
    expect(dirtyTracking.map(({ verdict }) => verdict)).toEqual(["differs", "unknown"]);
  });

  test("is unknown, not in agreement, where no workload writes to memory", async () => {
    const cpu = guest({ workload: { kind: "cpu" }, dirtyRate: [reading(RATE)] });
    const { dirtyTracking } = await quietOf(cpu);
    expect(dirtyTracking).toMatchObject([
      { verdict: "unknown", guest: { value: null, unknown: "no workload writes to memory" } },
    ]);
  });

  test("is compared in the rounds over the time that QEMU's rate refers to", async () => {
    const progress = (t: number, round: number, dirtyRate: number) => ({
      record: "progress",
      at: at(t),
      status: "active",
      round,
      transferred: round * 1e8,
      remaining: RATE,
      dirtyRate,
    });
    // Rounds of 0.6 s and 1.4 s: the first rate is of both, 12,000 and 16,384 pages.
    const migration = (second: number) => [
      { record: "event", kind: "command", host: "source", observed: at(0) },
      progress(0.001, 1, 0),
      progress(0.601, 2, 0),
      progress(2.001, 3, ((12_000 + 16_384) * 4096) / 2),
      progress(4.001, 4, second),
      { record: "event", kind: "stop", host: "source", observed: at(5.2), reported: at(5.2).wall },
      { record: "event", kind: "resume", host: "destination", observed: at(5.3), reported: at(5.55).wall },
      { record: "event", kind: "completed", host: "source", observed: at(5.31) },
    ];
    const verdicts = async (second: number) => {
      const { dirtyTracking, warnings } = await quietOf(guest(), migration(second));
      return { of: dirtyTracking.map(({ how, verdict }) => [how, verdict]), doubts: doubts(warnings) };
    };
    const first = "rounds 1 to 2 of the migration";
    expect(await verdicts(RATE / 2)).toEqual({
      of: [
        [first, "agrees"],
        ["round 3 of the migration", "agrees"],
      ],
      doubts: [],
    });
    expect(await verdicts(RATE / 4)).toEqual({
      of: [
        [first, "agrees"],
        ["round 3 of the migration", "differs"],
      ],
      doubts: [
        "the hypervisor counted 50 % of the pages that the guest dirtied: round 3 of the migration, 16.8 MB/s against 33.6 MB/s",
      ],
    });
  });
});

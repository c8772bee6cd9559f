import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dirtiedBetween, dirtiedWithin, type Writer } from "../../src/analysis/dirtied.ts";
import type { PlacedWindow } from "../../src/analysis/lanes.ts";
import { syncPeriods } from "../../src/analysis/sync-periods.ts";
import type { Round } from "../../src/model/result.ts";

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

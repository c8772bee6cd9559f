import { expect, test } from "vitest";
import { scorePair } from "../../src/calibration/score.ts";
import type { Truth } from "../../src/calibration/truth.ts";
import { probeLog, START_WALL, type TrueOutage } from "../analysis/world.ts";

const MS = 1e6;
const still = { interval: MS, ticks: 5000, there: () => 0.05 * MS, back: () => 0.05 * MS };
const outage = (begin: number, length: number, kind: TrueOutage["kind"] = "loss"): TrueOutage => ({
  begin: begin * MS,
  end: (begin + length) * MS,
  kind,
});
const truthOf = (outages: readonly TrueOutage[], stalls: Truth["stalls"] = []): Truth => ({
  outages: outages.map(({ begin, end, kind }) => ({ class: kind, begin: wall(begin), due: wall(end), end: wall(end) })),
  stalls,
  prolonged: 0,
});
const wall = (ns: number): bigint => START_WALL + BigInt(Math.round(ns));

test("each true outage meets the one that was measured there", () => {
  const outages = [outage(2500.4, 100), outage(3000.7, 7.3, "hold"), outage(3500.2, 1000)];
  const { comparisons, unexplained, sent } = scorePair(probeLog({ ...still, outages }), truthOf(outages));
  expect(comparisons.map((one) => one.within)).toEqual([true, true, true]);
  [0.1, 0.0073, 1].forEach((seconds, i) => {
    expect(comparisons[i]!.truth.duration).toBeCloseTo(seconds, 9);
  });
  for (const { error } of comparisons) expect(Math.abs(error)).toBeLessThanOrEqual(1e-3);
  expect(unexplained).toEqual([]);
  expect(sent).toBe(5000);
});

test("an outage between two probes is unseen, and at most the longest gap there", () => {
  const outages = [outage(2500.1, 0.8)];
  const [one] = scorePair(probeLog({ ...still, outages }), truthOf(outages)).comparisons;
  expect(one).toMatchObject({ seen: false, within: true, measured: { value: 0, low: 0 } });
  expect(one!.measured.high).toBeCloseTo(1.1e-3, 4);
  expect(one!.error).toBeCloseTo(-0.8e-3, 9);
});

test("a truth that differs from what happened lies outside the bounds", () => {
  const log = probeLog({ ...still, outages: [outage(2500.4, 100)] });
  const shifted = scorePair(log, truthOf([outage(2520.4, 100)])).comparisons[0]!;
  expect(shifted).toMatchObject({ seen: true, within: false });
  const longer = scorePair(log, truthOf([outage(2500.4, 105)])).comparisons[0]!;
  expect(longer).toMatchObject({ seen: true, within: false });
  const nothing = scorePair(log, truthOf([outage(4000.4, 105)]));
  expect(nothing.comparisons[0]).toMatchObject({ seen: false, within: false });
  expect(nothing.unexplained).toHaveLength(1);
});

test("what the target's own stall explains is not of unknown cause", () => {
  const log = probeLog({ ...still, outages: [outage(2500.4, 20, "hold")] });
  const stall = { begin: wall(2500.9 * MS), first: wall(2520.4 * MS), end: wall(2520.4 * MS), since: wall(2500 * MS) };
  const { unexplained, stalls } = scorePair(log, truthOf([], [stall]));
  expect([unexplained.length, stalls]).toEqual([0, 1]);
});

test("a wall clock that was set in between is refused: the truth could not be placed", () => {
  const log = probeLog({ ...still, outages: [], wallStep: (mono) => (mono > 2500 * MS ? 3 * MS : 0) });
  expect(() => scorePair(log, truthOf([]))).toThrow(/wall clock was set/u);
});

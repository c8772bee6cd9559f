import { expect, test } from "vitest";
import type { Comparison, PairScore } from "../../src/calibration/score.ts";
import { nearestRank, summarize } from "../../src/calibration/summary.ts";

const comparison = (error: number, within = true): Comparison => ({
  class: "loss",
  truth: { begin: 3, end: 3.1, duration: 0.1 },
  seen: true,
  measured: { value: 0.1 + error, low: 0.1 - 1e-3, high: 0.1 + 1e-3 },
  begin: { low: 2.999, high: 3 },
  end: { low: 3.099, high: 3.1 },
  error,
  within,
});
const score = (comparisons: Comparison[]): PairScore => ({
  comparisons,
  unexplained: [],
  stalls: 0,
  prolonged: 0,
  threshold: 1e-3,
  sent: 1000,
  missed: 1,
});

test("quantiles are values that occurred, by nearest rank", () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(nearestRank(values, 0.5)).toBe(50);
  expect(nearestRank(values, 0.99)).toBe(99);
  expect(nearestRank([7], 0.99)).toBe(7);
  expect(nearestRank([], 0.5)).toBe(0);
});

test("the bar is met when all truths lie within and 99 % of the errors are at most one interval", () => {
  const good = Array.from({ length: 99 }, (_, i) => comparison(i % 2 === 0 ? 1e-3 : -1e-3));
  const met = summarize([score(good), score([comparison(5e-3)])], 1e-3);
  expect(met.met).toBe(true);
  expect(met.distributions.at(-1)).toMatchObject({ class: "all", outages: 100, within: 100, p99: 1e-3, max: 5e-3 });
  expect(met).toMatchObject({ sent: 2000, missed: 2 });
  expect(summarize([score(good.slice(1)), score([comparison(5e-3), comparison(5e-3)])], 1e-3).met).toBe(false);
});

test("one truth outside its bounds misses the bar, and is named", () => {
  const result = summarize([score([comparison(0), comparison(0, false)])], 1e-3);
  expect(result.met).toBe(false);
  expect(result.outside).toHaveLength(1);
});

test("nothing measured is nothing met", () => {
  expect(summarize([], 1e-3).met).toBe(false);
});

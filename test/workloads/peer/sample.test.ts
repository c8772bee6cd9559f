import { expect, test } from "vitest";
import { Sample } from "../../../src/workloads/peer/sample.ts";

test("few values are all kept", () => {
  const sample = new Sample();
  for (const value of [5, -3, 8, 1]) sample.add(value);
  expect([sample.low, sample.percentile(0.5), sample.percentile(0.99), sample.high]).toEqual([-3, 1, 8, 8]);
});

test("of many, the extremes are exact and the percentiles those of an even sample", () => {
  const sample = new Sample();
  const count = 100_000;
  for (let index = 0; index < count; index++) sample.add(index);
  expect(sample.count).toBe(count);
  expect([sample.low, sample.high]).toEqual([0, count - 1]);
  for (const share of [0.1, 0.5, 0.9]) expect(Math.abs(sample.percentile(share) / count - share)).toBeLessThan(0.02);
});

test("it begins anew", () => {
  const sample = new Sample();
  for (let value = 0; value < 5000; value++) sample.add(value);
  sample.clear();
  sample.add(3);
  expect([sample.count, sample.low, sample.percentile(0.5), sample.high]).toEqual([1, 3, 3, 3]);
});

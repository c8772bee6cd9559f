import fc from "fast-check";
import { expect, test } from "vitest";
import { ProbeFate } from "../../../src/model/result.ts";
import { splitRuns, thinProbes, thinSamples, thinWindows } from "../../../src/report/figures/thinning.ts";

const probesOf = (fate: ProbeFate[], rtt: number[]) => ({
  sequence: Float64Array.from(fate, (_, index) => index),
  sent: Float64Array.from(fate, (_, index) => index / 1000),
  rtt: Float64Array.from(rtt),
  fate,
});

test("every probe that was not answered in the ordinary way is drawn, whatever the budget", () => {
  const one = fc.tuple(fc.constantFrom(...ProbeFate.options), fc.double({ min: 1e-4, max: 0.1, noNaN: true }));
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 400 }), fc.integer({ min: 0, max: 50 }), (pairs, budget) => {
      const probes = probesOf(
        pairs.map(([fate]) => fate),
        pairs.map(([fate, rtt]) => (fate.startsWith("lost") || fate === "not-sent" ? Number.NaN : rtt)),
      );
      const kept = new Set(thinProbes(probes, budget, 0.05));
      const due = pairs.flatMap(([fate, rtt], index) =>
        !fate.startsWith("answered") || (rtt > 0.05 && fate.startsWith("answered")) ? [index] : [],
      );
      expect(due.filter((index) => !kept.has(index))).toEqual([]);
    }),
  );
});

test("the edges of an outage are drawn in full, the long quiet before it is thinned", () => {
  const fate: ProbeFate[] = [
    ...Array<ProbeFate>(5000).fill("answered-by-source"),
    ...Array<ProbeFate>(100).fill("lost-at-source"),
    ...Array<ProbeFate>(5000).fill("answered-by-destination"),
  ];
  const kept = thinProbes(
    probesOf(
      fate,
      fate.map((name) => (name === "lost-at-source" ? Number.NaN : 0.001)),
    ),
    200,
    0.01,
  );
  expect(kept.filter((index) => index >= 4980 && index < 5120)).toHaveLength(140);
  expect(kept.length).toBeLessThan(400);
});

test("the slowest reply of a quiet stretch survives", () => {
  const rtt = Array<number>(10_000).fill(0.0002);
  rtt[7345] = 0.004;
  expect(
    thinProbes(
      probesOf(
        rtt.map(() => "answered"),
        rtt,
      ),
      100,
      1,
    ),
  ).toContain(7345);
});

test("samples keep their ends and what is essential", () => {
  const samples = Array.from({ length: 1000 }, (_, index) => ({ index, round: index < 501 ? 1 : 2 }));
  const thin = thinSamples(samples, 50, (sample, previous) => sample.round !== previous?.round);
  expect(thin.length).toBeLessThanOrEqual(52);
  expect(thin.map(({ index }) => index)).toEqual(expect.arrayContaining([0, 501, 999]));
});

test("a long unbroken run becomes a bar between its drawn ends, a broken one does not", () => {
  const run = (from: number, length: number) => Array.from({ length }, (_, index) => from + index);
  const { single, bars } = splitRuns([...run(0, 300), ...run(500, 1000), 2000]);
  expect(bars).toEqual([[599, 1400]]);
  expect(single).toEqual([...run(0, 300), ...run(500, 100), ...run(1400, 100), 2000]);
});

test("of a long recording the dip, the peak and the longest pause of a single window are drawn", () => {
  const count = 6000;
  const column = (value: number, odd: Record<number, number> = {}): Float64Array =>
    Float64Array.from({ length: count }, (_, index) => odd[index] ?? value);
  const windows = {
    lane: 0,
    kind: "memory-write",
    side: "guest" as const,
    unit: "bytes" as const,
    start: Float64Array.from({ length: count }, (_, index) => index / 10),
    end: Float64Array.from({ length: count }, (_, index) => (index + 1) / 10),
    rate: column(20e6, { 1234: 1, 2345: 30e6 }),
    asked: column(20e6),
    p50: column(1e-5),
    p99: column(1e-4),
    max: column(1e-3, { 3456: 0.5 }),
    pause: column(0, { 4567: 2 }),
  };
  const kept = thinWindows(windows, 0, 600, 300);
  expect(kept.length).toBeLessThanOrEqual(302);
  expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
  for (const index of [0, 1234, 2345, 3456, 4567, count - 1]) expect(kept).toContain(index);
  const near = thinWindows(windows, 100, 101, 300);
  expect([near[0], near.at(-1)]).toEqual([999, 1010]);
});

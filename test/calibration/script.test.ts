import fc from "fast-check";
import { expect, test } from "vitest";
import { drawScript, LEAD, OUTAGE_CLASSES, scriptLength, scriptText } from "../../src/calibration/script.ts";

test("the same seed draws the same script, another seed another", () => {
  expect(drawScript(50, 7)).toEqual(drawScript(50, 7));
  expect(drawScript(50, 7)).not.toEqual(drawScript(50, 8));
});

test("whatever the seed: lengths from 1 ms to 2 s, in order, with service between, after the lead", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 200 }), (seed, count) => {
      const script = drawScript(count, seed);
      expect(script).toHaveLength(count);
      let end = LEAD;
      for (const { begin, length } of script) {
        expect(length).toBeGreaterThanOrEqual(1e-3);
        expect(length).toBeLessThanOrEqual(2);
        expect(begin - end).toBeGreaterThanOrEqual(0.02 - 1e-9);
        end = begin + length;
      }
      expect(scriptLength(script)).toBeCloseTo(end, 9);
    }),
  );
});

test("every class occurs, and lengths spread over the decades evenly", () => {
  const script = drawScript(3000, 1);
  for (const name of OUTAGE_CLASSES) expect(script.filter((one) => one.class === name).length).toBeGreaterThan(500);
  const below = (limit: number): number => script.filter((one) => one.length < limit).length / script.length;
  // log-uniform: log(10) / log(2000) = 30.3 % per decade
  expect(below(0.01)).toBeCloseTo(0.303, 1);
  expect(below(0.1)).toBeCloseTo(0.606, 1);
});

test("the second of two in a row comes after 20 to 60 ms", () => {
  const script = drawScript(400, 3);
  const gaps = script.flatMap((one, i) => {
    const next = script[i + 1];
    return one.class === "two in a row" && next?.class === "two in a row" ? [next.begin - one.begin - one.length] : [];
  });
  expect(gaps.length).toBeGreaterThan(50);
  for (const gap of gaps) expect(gap).toBeLessThanOrEqual(0.06 + 1e-9);
});

test("the target's language counts in whole nanoseconds", () => {
  const outage = { class: "loss", kind: "loss", begin: 2.0000000014, length: 0.001 } as const;
  expect(scriptText([outage])).toBe("loss 2000000001 1000000\n");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { Duration, parseDuration, parseRate, parseShare, parseSize, Rate, Share, Size } from "../../src/model/units.ts";

test("bits and bytes per second differ by the case of one letter and a factor of eight", () => {
  expect(parseRate("1Gb/s")).toBe(1e9);
  expect(parseRate("1GB/s")).toBe(8e9);
  expect(parseRate("32MiB/s")).toBe(32 * 2 ** 20 * 8);
});

test("decimal and binary sizes differ", () => {
  expect(parseSize("1MB")).toBe(1_000_000);
  expect(parseSize("1MiB")).toBe(1_048_576);
});

test("durations are in seconds", () => {
  expect(parseDuration("100us")).toBeCloseTo(1e-4, 12);
  expect(parseDuration("5min")).toBe(300);
});

test.each(["5", "", "ms", "-1ms", "1 ms ms"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(RangeError);
});

test("more than 100% is refused", () => {
  expect(() => parseShare("101%")).toThrow(RangeError);
});

test("what is written for the record reads back as the same number", () => {
  const schemas = [
    [Duration, fc.double({ min: 1e-6, max: 1e5, noNaN: true })],
    [Size, fc.integer({ min: 0, max: 2 ** 50 })],
    [Rate, fc.integer({ min: 1, max: 1e12 })],
    [Share, fc.double({ min: 0, max: 1, noNaN: true })],
  ] as const;
  for (const [schema, values] of schemas) {
    fc.assert(
      fc.property(values as fc.Arbitrary<number>, (value) => {
        const back = schema.parse(z.encode(schema, value));
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-13 + 1e-16);
      }),
    );
  }
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatBounded,
  formatChosen,
  formatDifference,
  formatMeasurement,
  formatValue,
} from "../../src/report/format.ts";

describe("a number for people", () => {
  test.each([
    [0.1753, "s", "175 ms"],
    [1.0432, "s", "1.04 s"],
    [12.4567, "s", "12.5 s"],
    [0.0000042, "s", "4.20 µs"],
    [0, "s", "0 s"],
    [-0.0031, "s", "−3.10 ms"],
    [117_210_000, "bytes", "112 MiB"],
    [512, "bytes", "512 B"],
    [1023.9, "count", "1,024"],
    [937e6, "bits/s", "937 Mb/s"],
    [0.0153, "share", "1.53 %"],
    [1234, "count", "1,234"],
  ] as const)("%d %s is written %s", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });

  test("what is not a number is never written as one", () => {
    expect(formatValue(Number.NaN, "s")).toBe("unknown");
  });

  test("a chosen value carries no zeros that claim a precision", () => {
    expect([formatChosen(1e9, "bits/s"), formatChosen(0.3, "s"), formatChosen(1.5, "s")]).toEqual([
      "1 Gb/s",
      "300 ms",
      "1.5 s",
    ]);
  });

  test("a difference always has its sign", () => {
    expect([formatDifference(0.016, "s"), formatDifference(-0.016, "s")]).toEqual(["+16.0 ms", "−16.0 ms"]);
  });
});

describe("bounds", () => {
  test("decide how many digits are shown", () => {
    expect(formatBounded(0.1753, "s", 0.1712, 0.1779)).toBe("175 ms [171 … 178]");
    expect(formatBounded(0.1753, "s", 0.17521, 0.17544)).toBe("175.3 ms [175.2 … 175.5]");
    expect(formatBounded(0.083307, "s", 0.083306, 0.083308)).toBe("83.31 ms [83.30 … 83.31]");
  });

  test("are rounded outwards, so that the truth never falls out", () => {
    const numeric = (text: string): number => Number(text.replace("−", "-").replaceAll(",", ""));
    const factors: Record<string, number> = { µs: 1e-6, ms: 1e-3, s: 1 };
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 500, noNaN: true }),
        fc.double({ min: 1e-9, max: 10, noNaN: true }),
        (low, width) => {
          const high = low + width;
          const match = /^\S+ (\S+) \[(\S+) … (\S+)\]$/u.exec(formatBounded((low + high) / 2, "s", low, high))!;
          const factor = factors[match[1]!]!;
          // A billionth is the tolerance for binary fractions.
          expect(numeric(match[2]!) * factor).toBeLessThanOrEqual(low + high * 1e-9 + 1e-14);
          expect(numeric(match[3]!) * factor).toBeGreaterThanOrEqual(high - high * 1e-9 - 1e-14);
        },
      ),
    );
  });

  test("with one side only say which", () => {
    expect(formatMeasurement({ value: 2, unit: "s", low: 1, source: "x" })).toBe("2.00 s (at least 1.00 s)");
    const exact = 130_462_251;
    expect(formatMeasurement({ value: exact, unit: "bytes", low: exact, high: exact, source: "x" })).toBe("124 MiB");
    expect(formatMeasurement({ value: 2, unit: "s", high: 3, source: "x" })).toBe("2.00 s (at most 3.00 s)");
  });
});

test("unknown is said with its reason, never as zero or nothing", () => {
  expect(formatMeasurement({ value: null, unit: "s", source: "x", unknown: "no probes" })).toBe("unknown: no probes");
  expect(formatMeasurement({ value: null, unit: "s", source: "x" })).toBe("unknown: no reason was recorded");
  expect(formatMeasurement({ value: null, unit: "s", source: "x", unknown: "none seen", low: 0, high: 0.002 })).toBe(
    "unknown: none seen (at most 2.00 ms)",
  );
  expect(formatMeasurement({ value: null, unit: "s", source: "x", unknown: "cancelled", low: 120 })).toBe(
    "unknown: cancelled (at least 120 s)",
  );
  expect(formatMeasurement(undefined)).toBe("unknown: not measured");
});

import { describe, expect, test } from "vitest";
import { Bounded, runMeasurement } from "../../src/analysis/measurements/definition.ts";
import { Unknown } from "../../src/analysis/unknown.ts";

const described = {
  id: "x",
  title: "X",
  unit: "s" as const,
  definition: "",
  bounds: "",
  not: "",
  artifacts: ["probes.bin" as const],
};
const run = (measure: () => { value: number; low?: number }) => {
  const warnings: string[] = [];
  return { measurement: runMeasurement({ ...described, measure }, null, (text) => warnings.push(text)), warnings };
};

describe("a measurement", () => {
  test("has its unit, bounds and source", () => {
    expect(run(() => ({ value: 1, low: 0.5 })).measurement).toEqual({
      value: 1,
      low: 0.5,
      unit: "s",
      source: "probes.bin",
    });
  });
  test("that cannot be known is null with its reason", () => {
    const { measurement, warnings } = run(() => {
      throw new Unknown("no probe was sent");
    });
    expect(measurement).toEqual({ value: null, unit: "s", source: "probes.bin", unknown: "no probe was sent" });
    expect(warnings).toEqual([]);
  });
  test("may be unknown and yet bounded", () => {
    const { measurement } = run(() => {
      throw new Bounded("given up", { low: 60 });
    });
    expect(measurement).toMatchObject({ value: null, low: 60, unknown: "given up" });
  });
  test.each([
    [
      "throws",
      () => {
        throw new TypeError("x is undefined");
      },
      "x is undefined",
    ],
    ["gives no number", () => ({ value: Number.NaN }), "it came to NaN"],
  ])("that %s is unknown, and said", (_, measure, reason) => {
    const { measurement, warnings } = run(measure);
    expect(measurement).toMatchObject({ value: null, unknown: `could not be computed: ${reason}` });
    expect(warnings).toEqual([`x could not be computed: ${reason}`]);
  });
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFINITIONS } from "../../src/analysis/measurements/registry.ts";
import { PAGE, withMeasurements } from "./measurements.ts";

test("the page of all measurements is what the registry says", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(withMeasurements(page)).toBe(page);
});

test("every measurement says how its bounds come about and what it does not say", () => {
  for (const { id, bounds, not } of DEFINITIONS) {
    expect(bounds.length, id).toBeGreaterThan(5);
    expect(not.length, id).toBeGreaterThan(20);
  }
});

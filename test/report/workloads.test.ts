import { expect, test } from "vitest";
import { formatFact } from "../../src/report/workload-facts.ts";

test("a rate of operations is one per second, an unknown one has no unit", () => {
  expect(formatFact({ rate: true }, { value: 1200, unit: "count", source: "" })).toBe("1,200 per second");
  expect(formatFact({ rate: true }, { value: 1e6, unit: "bytes/s", source: "" })).toBe("1.00 MB/s");
  expect(formatFact({}, { value: 12, unit: "count", source: "" })).toBe("12");
  expect(formatFact({ rate: true }, { value: null, unit: "count", source: "", unknown: "flat out" })).toBe(
    "unknown: flat out",
  );
});

import { expect, test } from "vitest";
import { DEFINITIONS } from "../../src/analysis/measurements/registry.ts";
import { meaningOf, measurementOf, sortNames } from "../../src/report/catalogue.ts";

test("reports describe every measurement in the words of the analysis that makes it", () => {
  for (const { id, title, definition } of DEFINITIONS) expect(meaningOf(id), id).toEqual({ label: title, definition });
});

test("a name from a later version is shown, after those that are known", () => {
  expect(meaningOf("clockOffsetSource").label).toBe("Clock offset source");
  expect(sortNames(["zzz", "downtime", "aaa", "totalTime"])).toEqual(["totalTime", "downtime", "aaa", "zzz"]);
});

test("a quiet pass says why it has no downtime", () => {
  expect(measurementOf({ kind: "quiet", measurements: {} }, "downtime")).toMatchObject({
    value: null,
    unknown: "a quiet pass sends no probes",
  });
  expect(measurementOf({ kind: "probed", measurements: {} }, "downtime")).toBeUndefined();
});

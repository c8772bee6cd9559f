/** Recorded run directories of real migrations: their analysis must give the recorded result, byte for byte. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { analyzeRun, stringifyResult } from "../../src/analysis/analyze.ts";

const GOLDEN = join(import.meta.dirname, "..", "golden");
const runs = existsSync(GOLDEN)
  ? readdirSync(GOLDEN, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort()
  : [];

describe("recorded runs", () => {
  test("there are some", () => expect(runs).not.toEqual([]));

  test.each(runs)("%s gives the recorded result", async (name) => {
    const directory = join(GOLDEN, name);
    const { result } = await analyzeRun(directory);
    expect(stringifyResult(result)).toBe(readFileSync(join(directory, "result.json"), "utf8"));
  });
});

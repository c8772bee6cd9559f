/**
 * Writes the expected results of the recorded runs anew, from their raw files, after a change of the analysis that is meant.
 * The raw files themselves are never touched. `git diff` then shows what the change did to real measurements.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { analyzeRun, stringifyResult } from "../../src/analysis/analyze.ts";

for (const entry of readdirSync(import.meta.dirname, { withFileTypes: true }).filter((one) => one.isDirectory())) {
  const directory = join(import.meta.dirname, entry.name);
  const { result } = await analyzeRun(directory);
  writeFileSync(join(directory, "result.json"), stringifyResult(result));
  console.log(directory);
}

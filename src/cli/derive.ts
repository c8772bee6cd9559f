/** What a run directory's raw files give: `result.json` and `report.html`, written beside them. */
import { join } from "node:path";
import { analyzeRun, stringifyResult } from "../analysis/analyze.ts";
import type { Result } from "../model/result.ts";
import { writeFileAtomic } from "../run/write/files.ts";

export interface Derived {
  readonly result: Result;
  /** The exact text of `result.json`. */
  readonly json: string;
  readonly report: string;
}

/** @throws MigrascopeError RUN_INVALID, FILE_UNWRITABLE. */
export async function derive(directory: string): Promise<Derived> {
  const { result, series } = await analyzeRun(directory);
  const json = stringifyResult(result);
  const report = join(directory, "report.html");
  await writeFileAtomic(join(directory, "result.json"), json);
  // Loaded when needed: the figures' library takes as long to load as a short command takes to run.
  const { renderReport } = await import("../report/html/report.ts");
  await writeFileAtomic(report, renderReport(result, series));
  return { result, json, report };
}

/** What every run has in common once its testbed stands: the trials, the analysis, the report. */
import { basename } from "node:path";
import { systemClock } from "../model/time.ts";
import type { LiveView } from "../report/terminal/live.ts";
import { resultTable } from "../report/terminal/table.ts";
import { type RunOptions, type RunOutcome, runPlan } from "../trial/run.ts";
import { tableOptions } from "./analyze.ts";
import { derive } from "./derive.ts";
import { EXIT } from "./exit.ts";
import type { RunArguments } from "./run-arguments.ts";
import { toolVersion } from "./version.ts";

/** @returns the exit code. @throws MigrascopeError when the run directory could not be kept. */
export async function runAndReport(
  { plan, testbed, directory, json }: RunArguments,
  standing: Pick<RunOptions, "live" | "environment" | "accelerator" | "interrupt">,
  view: LiveView,
): Promise<number> {
  let outcome: RunOutcome;
  try {
    outcome = await runPlan({
      plan,
      testbed,
      ...standing,
      directory,
      id: basename(directory),
      toolVersion: await toolVersion(),
      clock: systemClock,
      listener: view.listener,
    });
  } finally {
    view.close();
  }
  const { result, json: text, report } = await derive(directory);
  process.stdout.write(json ? text : `${resultTable(result, tableOptions())}\nreport: ${report}\n`);
  if (outcome.status === "cancelled") return EXIT.interrupted;
  return outcome.flawless ? EXIT.ok : EXIT.failure;
}

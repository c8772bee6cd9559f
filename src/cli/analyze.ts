import { Command } from "commander";
import { resultTable } from "../report/terminal/table.ts";
import { derive } from "./derive.ts";

export function analyzeCommand(): Command {
  return new Command("analyze")
    .description("recompute every measurement of a run from its raw files; writes result.json and report.html")
    .argument("<run>", "the run's directory")
    .option("--json", "print result.json instead of a table")
    .action(async (directory: string, options: { json?: true }) => {
      const { result, json, report } = await derive(directory);
      process.stdout.write(options.json ? json : `${resultTable(result, tableOptions())}\nreport: ${report}\n`);
    });
}

/** How wide the terminal is, and whether it wants colour (NO_COLOR, https://no-color.org). */
export const tableOptions = (): { width: number; color: boolean } => ({
  width: process.stdout.columns ?? 100,
  color: process.stdout.isTTY === true && !process.env.NO_COLOR,
});

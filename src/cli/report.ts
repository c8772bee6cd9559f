import { Command } from "commander";
import { derive } from "./derive.ts";

export function reportCommand(): Command {
  return new Command("report")
    .description("write report.html of a run, from its raw files")
    .argument("<run>", "the run's directory")
    .action(async (directory: string) => {
      const { report } = await derive(directory);
      process.stdout.write(`${report}\n`);
    });
}

import { Command, CommanderError } from "commander";
import { analyzeCommand } from "./analyze.ts";
import { calibrateCommand } from "./calibrate.ts";
import { doctorCommand } from "./doctor.ts";
import { EXIT, explain } from "./exit.ts";
import { labCommand } from "./lab.ts";
import { packagesCommand } from "./packages.ts";
import { planCommand } from "./plan.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { toolVersion } from "./version.ts";

const program = new Command("migrascope")
  .description("measures what a live migration does to a virtual machine")
  .version(await toolVersion())
  .showHelpAfterError("(migrascope --help lists the commands)")
  .exitOverride();
for (const command of [
  runCommand(),
  analyzeCommand(),
  reportCommand(),
  planCommand(),
  labCommand(),
  doctorCommand(),
  calibrateCommand(),
  packagesCommand(),
]) {
  program.addCommand(command.exitOverride().copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  // commander has already said what was wrong with the arguments.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = EXIT.failure;
  }
}

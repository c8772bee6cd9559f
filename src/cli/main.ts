import { Command, CommanderError } from "commander";
import { analyzeCommand } from "./analyze.ts";
import { calibrateCommand } from "./calibrate.ts";
import { doctorCommand } from "./doctor.ts";
import { EXIT, exitCodeOf, explain, outliveReaders } from "./exit.ts";
import { labCommand } from "./lab.ts";
import { packagesCommand } from "./packages.ts";
import { planCommand } from "./plan.ts";
import { reportCommand } from "./report.ts";
import { runCommand } from "./run.ts";
import { testbedCommand } from "./testbed.ts";
import { toolVersion } from "./version.ts";

outliveReaders();
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
  testbedCommand(),
  doctorCommand(),
  calibrateCommand(),
  packagesCommand(),
]) {
  program.addCommand(likeItsParent(command, program));
}

try {
  await program.parseAsync();
} catch (error) {
  // commander has already said what was wrong with the arguments.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** Also for the commands below it: they were made before it had a parent. */
function likeItsParent(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const below of command.commands) likeItsParent(below, command);
  return command;
}

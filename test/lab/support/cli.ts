/** `migrascope lab …` alone, and `enter NAME COMMAND…`: what the tests of the lab start as processes of their own. */
import { Command } from "commander";
import { explain } from "../../../src/cli/exit.ts";
import { labCommand } from "../../../src/cli/lab.ts";
import { enterLab } from "../../../src/lab/enter.ts";
import { labNamed } from "../../../src/lab/state.ts";

try {
  const [verb, name, ...argv] = process.argv.slice(2);
  if (verb === "enter") process.exitCode = await enterLab(labNamed(name!), argv);
  else await new Command().addCommand(labCommand()).parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}

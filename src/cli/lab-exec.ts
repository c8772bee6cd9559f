import { Command } from "commander";
import { enterLab } from "../lab/enter.ts";
import { labNamed } from "../lab/state.ts";

/** `migrascope lab exec`: any command on the lab's benchmark server, from where all of its machines are reached. */
export function execCommand(defaultName: string): Command {
  return new Command("exec")
    .description("run a command on the lab's benchmark server; its exit code is ours")
    .option("--name <name>", `default: "${defaultName}"`)
    .argument("<command...>", "the command and its arguments, after --")
    .action(async (argv: string[], options: { name?: string }) => {
      process.exitCode = await enterLab(labNamed(options.name ?? defaultName), argv);
    });
}

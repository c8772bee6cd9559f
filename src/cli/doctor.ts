import { Command } from "commander";
import { type Ability, findAbilities } from "../lab/abilities.ts";
import { EXIT } from "./exit.ts";

/** `migrascope doctor`: fails when the lab cannot run. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("what this machine can do and what it lacks, each with the command that mends it")
    .option("--json", "one JSON document")
    .action(async (options: { json?: true }) => {
      const onStep = (step: string): void => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${step}…`));
      const abilities = await findAbilities(onStep);
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      const able = abilities.every(({ ok, required }) => ok || !required);
      const text = options.json
        ? JSON.stringify({ schema: "migrascope-doctor/1", able, abilities }, null, 2)
        : [...abilities.map(line), "", verdict(able)].join("\n");
      process.stdout.write(`${text}\n`);
      if (!able) process.exitCode = EXIT.failure;
    });
}

function line({ name, ok, required, detail, mend }: Ability): string {
  const word = ok ? "ok" : required ? "LACKS" : "lacks";
  const head = `${word.padEnd(5)}  ${name.padEnd(24)} ${detail}`;
  return !ok && mend !== undefined ? `${head}\n       → ${mend}` : head;
}

const verdict = (able: boolean): string =>
  able ? "the lab can run here" : "the lab cannot run here: mend what LACKS above";

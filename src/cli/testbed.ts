import { Command } from "commander";
import { loadHosts } from "../config/testbed.ts";
import { CHECKS } from "../hosts/check/all.ts";
import type { Finding } from "../hosts/check/finding.ts";
import { runChecks } from "../hosts/check/run.ts";
import { openHosts } from "../hosts/machines.ts";
import { systemClock } from "../model/time.ts";
import { localMachine } from "../remote/local.ts";
import { EXIT, interruptSignal } from "./exit.ts";
import { findingLine, verdictLine } from "./finding-lines.ts";
import { initCommand } from "./testbed-init.ts";

/** `migrascope testbed`: real machines, before anything is migrated between them. */
export function testbedCommand(): Command {
  const command = new Command("testbed").description("a testbed of real machines: check one, write the file of one");
  command
    .command("check")
    .description("everything that a migration and its measurement need, each with what mends it; nothing is migrated")
    .argument("<file>", "the testbed's file (docs/hosts.md)")
    .option("--json", "one JSON document")
    .action(check);
  command.addCommand(initCommand());
  return command;
}

async function check(file: string, options: { json?: true }): Promise<void> {
  const testbed = await loadHosts(file);
  const signal = interruptSignal({
    tell: () =>
      process.stderr.write("\ninterrupted: ending after what is being checked (three times Ctrl-C: leave at once)\n"),
  });
  const live = process.stderr.isTTY === true;
  const clear = (): void => void (live && process.stderr.write("\r\x1b[K"));
  await using hosts = await openHosts(testbed);
  const findings = await runChecks(
    CHECKS,
    { testbed, hosts: hosts.machines, benchmark: localMachine("benchmark"), clock: systemClock, signal },
    {
      onStep: (step) => void (live && process.stderr.write(`\r\x1b[K${step}…`)),
      onFinding: (finding) => {
        clear();
        if (!options.json) process.stdout.write(`${findingLine(finding)}\n`);
      },
    },
  );
  clear();
  const usable = isUsable(findings);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ schema: "migrascope-testbed-check/1", testbed: testbed.name, usable, findings }, null, 2)}\n`
      : `\n${verdictLine(findings)}\n`,
  );
  if (!usable) process.exitCode = EXIT.failure;
}

const isUsable = (findings: readonly Finding[]): boolean => findings.every(({ verdict }) => verdict !== "failed");

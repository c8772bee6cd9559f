import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { loadPlan } from "../config/plan.ts";
import { defaultTestbed, loadTestbed } from "../config/testbed.ts";
import { insideLab } from "../lab/enter.ts";
import { type Plan, ProbeSpec } from "../model/plan.ts";

interface Options {
  testbed?: string;
  out?: string;
  json?: true;
  pingInterval?: number;
}

export function runCommand(): Command {
  return new Command("run")
    .description("migrate and measure: every trial of a plan, a quiet and a probed pass each")
    .argument("<plan>", "a built-in plan's name (`migrascope plan` lists them) or a file")
    .option(
      "--testbed <file>",
      "the testbed, a lab or real machines; without it, a lab on this machine with the paper's sizes",
    )
    .option("--out <dir>", "the run's directory; it must not hold a run yet (default: runs/<time>-<plan>)")
    .option("--json", "print result.json on standard output; progress goes to standard error")
    .option("--ping-interval <duration>", "probe interval of every scenario, such as 1ms", pingInterval)
    .action(async (nameOrFile: string, options: Options) => {
      const plan = withInterval(await loadPlan(nameOrFile), options.pingInterval);
      const testbed = options.testbed === undefined ? defaultTestbed() : await loadTestbed(options.testbed);
      const common = {
        plan,
        directory: resolve(options.out ?? defaultDirectory(plan.name)),
        json: options.json === true,
      };
      if (testbed.kind === "hosts") {
        process.exitCode = await (await import("./run-hosts.ts")).runOnHosts({ ...common, testbed });
        return;
      }
      const run = { ...common, testbed };
      // The default directory has a random part: the process inside must be told the one that was chosen.
      const again = [process.execPath, fileURLToPath(new URL("main.ts", import.meta.url)), ...process.argv.slice(2)];
      if (options.out === undefined) again.push("--out", run.directory);
      // Loaded when needed: the figures' library alone takes as long to load as a short command takes to run.
      if (insideLab() === undefined)
        process.exitCode = await (await import("./run-outside.ts")).runFromOutside(run, again);
      else process.exitCode = await (await import("./run-inside.ts")).runFromInside(run);
    });
}

/** Seconds. @throws InvalidArgumentError, which commander shows as a usage error. */
function pingInterval(text: string): number {
  try {
    return ProbeSpec.parse({ interval: text }).interval;
  } catch (error) {
    throw new InvalidArgumentError(
      error instanceof z.ZodError ? error.issues.map(({ message }) => message).join("; ") : String(error),
    );
  }
}

function withInterval(plan: Plan, interval: number | undefined): Plan {
  if (interval === undefined) return plan;
  return {
    ...plan,
    scenarios: plan.scenarios.map((scenario) => ({ ...scenario, probe: { ...scenario.probe, interval } })),
  };
}

function defaultDirectory(plan: string): string {
  const time = new Date().toISOString().replace(/\..*/u, "").replaceAll(/[-:]/gu, "").replace("T", "-");
  return join("runs", `${time}-${plan}-${randomBytes(2).toString("hex")}`);
}

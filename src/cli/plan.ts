import { Command } from "commander";
import { builtInPlans, loadPlan } from "../config/plan.ts";
import { planTrials } from "../plan/trials.ts";

export function planCommand(): Command {
  return new Command("plan")
    .description("check a plan and list its trials in their order; without one, list the built-in plans")
    .argument("[plan]", "a built-in plan's name or a file")
    .action(async (nameOrFile?: string) => {
      const lines =
        nameOrFile === undefined
          ? await builtInPlans()
          : planTrials(await loadPlan(nameOrFile)).map((trial) => `${trial.id}  repetition ${trial.repetition}`);
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}

import type { Plan, PlannedTrial } from "../model/plan.ts";

/**
 * The trials of a plan in the order in which they run: whole blocks, each with every scenario once, so that a slow drift of
 * the machine touches all scenarios alike. Pure.
 */
export function planTrials(plan: Plan): readonly PlannedTrial[] {
  const trials: PlannedTrial[] = [];
  const digits = Math.max(3, String(plan.repetitions * plan.scenarios.length).length);
  for (let repetition = 1; repetition <= plan.repetitions; repetition++) {
    for (const scenario of plan.scenarios) {
      const number = String(trials.length + 1).padStart(digits, "0");
      trials.push({ id: `${number}-${scenario.name}`, scenario, repetition });
    }
  }
  return trials;
}

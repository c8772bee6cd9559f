import { expect, test } from "vitest";
import { builtInPlans, loadPlan } from "../../src/config/plan.ts";
import { Plan } from "../../src/model/plan.ts";
import { planTrials } from "../../src/plan/trials.ts";

test("trials run in whole blocks, every scenario once in each", () => {
  const plan = Plan.parse({ name: "p", repetitions: 2, scenarios: [{ name: "a" }, { name: "b" }] });
  expect(planTrials(plan).map((trial) => [trial.id, trial.repetition])).toEqual([
    ["001-a", 1],
    ["002-b", 1],
    ["003-a", 2],
    ["004-b", 2],
  ]);
});

test("every built-in plan loads", async () => {
  for (const name of await builtInPlans()) expect((await loadPlan(name)).name).toBe(name);
});

test("an unknown plan names the built-in ones", async () => {
  await expect(loadPlan("basline")).rejects.toMatchObject({
    code: "FILE_UNREADABLE",
    message: expect.stringContaining("baseline"),
  });
});

/** Plans and scenarios. */
import { z } from "zod";
import { Name } from "./machines.ts";
import { ColdOptions, DeadlineAction, DiskOptions, MigrationKind } from "./movement.ts";
import { MigrationSettings } from "./settings.ts";
import { Duration, Size } from "./units.ts";
import { ScenarioWorkload } from "./workload.ts";

export const ProbeSpec = z.strictObject({
  interval: Duration.refine((s) => s >= 100e-6 && s <= 10, "the probe interval lies between 100us and 10s").default(
    1e-3,
  ),
  family: z.enum(["ipv4", "ipv6"]).default("ipv4"),
});
export type ProbeSpec = z.infer<typeof ProbeSpec>;

/** Post-copy begins after a round, after a time or at the deadline: a plan that says none of them would never switch. */
function postCopyHasAMoment({
  value,
  issues,
}: z.core.ParsePayload<{ settings: MigrationSettings; atDeadline: DeadlineAction }>): void {
  const { postCopy } = value.settings;
  if (!postCopy || value.atDeadline === "post-copy") return;
  if (postCopy.afterRound !== undefined || postCopy.afterTime !== undefined) return;
  issues.push({
    code: "custom",
    path: ["settings", "postCopy"],
    message: "say when: afterRound, afterTime or, in the scenario, atDeadline: post-copy",
    input: postCopy,
  });
}

export const Scenario = z
  .strictObject({
    name: Name,
    migration: MigrationKind.default("memory").describe("what is moved, and how"),
    cold: ColdOptions.prefault({}).describe("how a cold migration copies the disk"),
    disk: DiskOptions.prefault({}).describe("where the VM's disk is, and what it is made of"),
    workload: ScenarioWorkload.default("idle").describe(
      "what the guest does: idle, one workload, or a list of several",
    ),
    observe: z
      .strictObject({
        every: Duration.refine((s) => s >= 0.01 && s <= 10, "a window lies between 10ms and 10s").default(0.1),
      })
      .prefault({})
      .describe("how often a workload records what it experiences"),
    settings: MigrationSettings.prefault({}),
    vm: z
      .strictObject({
        memory: Size.optional(),
        vcpus: z.int().min(1).max(64).optional(),
        disk: Size.optional(),
        swap: Size.optional(),
        hugePages: z.boolean().optional(),
      })
      .prefault({})
      .describe("what differs from the testbed's VM"),
    probe: ProbeSpec.prefault({}),
    bootDeadline: Duration.default(180).describe("seconds until the VM must answer after it was powered on"),
    deadline: Duration.default(120).describe("seconds after which `atDeadline` is done"),
    atDeadline: DeadlineAction.default("cancel").describe("what is done when the migration has not ended by then"),
    grace: Duration.default(60).describe("seconds that the action has to end it, until the migration is cancelled"),
  })
  .check(postCopyHasAMoment);
export type Scenario = z.infer<typeof Scenario>;

/** Results are told apart by the scenario's name. */
function distinctNames({ value, issues }: z.core.ParsePayload<Scenario[]>): void {
  for (const [index, { name }] of value.entries()) {
    if (value.findIndex((other) => other.name === name) < index)
      issues.push({
        code: "custom",
        path: [index, "name"],
        message: `another scenario is called "${name}"`,
        input: name,
      });
  }
}

export const Plan = z.strictObject({
  name: Name,
  description: z.string().default(""),
  repetitions: z.int().min(1).max(1_000_000).default(1),
  scenarios: z.array(Scenario).min(1).check(distinctNames),
});
export type Plan = z.infer<typeof Plan>;

/** One execution of one scenario, as planned. `repetition` counts from 1. */
export interface PlannedTrial {
  readonly id: string;
  readonly scenario: Scenario;
  readonly repetition: number;
}

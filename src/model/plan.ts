/** Plans, scenarios and the migration's settings. */
import { z } from "zod";
import { Name } from "./testbed.ts";
import { Duration, Rate, Share, Size } from "./units.ts";
import { ScenarioWorkload } from "./workload.ts";

/**
 * What the hypervisor is asked for. The same names for every driver; a driver refuses by name what its version lacks.
 * What is left out stays at the hypervisor's own default and is read back all the same.
 */
export const MigrationSettings = z.strictObject({
  bandwidth: Rate.optional().describe("bits per second at most"),
  downtimeLimit: Duration.optional().describe("seconds of blackout that the hypervisor may plan"),
  autoConverge: z
    .strictObject({ initial: Share.optional(), increment: Share.optional(), maximum: Share.optional() })
    .optional()
    .describe("slow the vCPUs down until the migration converges"),
  postCopy: z
    .strictObject({ afterRound: z.int().min(0).optional(), afterTime: Duration.optional() })
    .refine(
      (value) => value.afterRound !== undefined || value.afterTime !== undefined,
      "say when: afterRound or afterTime",
    )
    .optional()
    .describe("run on the destination before all of the memory is there"),
  xbzrle: z.strictObject({ cache: Size.optional() }).optional().describe("send differences of pages sent before"),
  multifd: z
    .strictObject({
      channels: z.int().min(1).max(255).optional(),
      compression: z.enum(["none", "zlib", "zstd", "qpl", "uadk", "qatzip"]).optional(),
    })
    .optional()
    .describe("several connections at once"),
});
export type MigrationSettings = z.infer<typeof MigrationSettings>;

export const ProbeSpec = z.strictObject({
  interval: Duration.refine((s) => s >= 100e-6 && s <= 10, "the probe interval lies between 100us and 10s").default(
    1e-3,
  ),
  family: z.enum(["ipv4", "ipv6"]).default("ipv4"),
});
export type ProbeSpec = z.infer<typeof ProbeSpec>;

export const Scenario = z.strictObject({
  name: Name,
  migration: z.enum(["memory"]).default("memory").describe("memory: the storage is shared"),
  workload: ScenarioWorkload.default("idle").describe("what the guest does: idle, one workload, or a list of several"),
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
    })
    .prefault({})
    .describe("what differs from the testbed's VM"),
  probe: ProbeSpec.prefault({}),
  bootDeadline: Duration.default(180).describe("seconds until the VM must answer after it was powered on"),
  deadline: Duration.default(120).describe("seconds after which the migration is cancelled and recorded as a timeout"),
});
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

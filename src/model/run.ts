/** The run directory's own records: manifest, trials, passes, phases. */
import { z } from "zod";
import { GuestClock } from "./agent.ts";
import { HostDescription } from "./host.ts";
import { EffectiveSetting } from "./migration.ts";
import { Plan, Scenario } from "./plan.ts";
import { Testbed } from "./testbed.ts";
import { Instant } from "./time.ts";

export const MANIFEST_SCHEMA = "migrascope/run/1";

export const Status = z.enum(["completed", "failed", "timeout", "cancelled"]);
export type Status = z.infer<typeof Status>;

export const PassKind = z.enum(["quiet", "probed"]);
export type PassKind = z.infer<typeof PassKind>;

/** A recorded failure. `code` is one of the error catalogue's. */
export const Failure = z.strictObject({
  code: z.string(),
  message: z.string(),
  advice: z.string(),
  where: z.string().optional(),
  phase: z.string().optional(),
});
export type Failure = z.infer<typeof Failure>;

/**
 * The phases of a pass in their order (the paper's Table 1, honestly). A cold migration ends the guest's workloads: there
 * `stop-workload` comes before `start-captures`.
 */
export const PHASES = [
  "power-on",
  "settle",
  "fill-disk",
  "old-copy",
  "start-workload",
  "measure-dirty-rate",
  "statistics-before",
  "start-captures",
  "counters-before",
  "start-prober",
  "migrate",
  "stop-prober",
  "stop-captures",
  "counters-after",
  "statistics-after",
  "stop-workload",
  "check-disk",
  "migrate-back",
  "power-off",
] as const;
export const PhaseName = z.enum(PHASES);
export type PhaseName = z.infer<typeof PhaseName>;

export const PhaseRecord = z.strictObject({
  name: PhaseName,
  start: Instant,
  end: Instant,
  outcome: z.enum(["done", "skipped", "failed", "interrupted"]),
  note: z.string().optional(),
});
export type PhaseRecord = z.infer<typeof PhaseRecord>;

/** A host's wall clock against the benchmark server's: `offset` = theirs − ours, true within ± `uncertainty`. Seconds. */
export const ClockOffset = z.strictObject({
  host: z.enum(["source", "destination"]),
  offset: z.number(),
  uncertainty: z.number().min(0),
  how: z.string(),
});
export type ClockOffset = z.infer<typeof ClockOffset>;

/** The file that was on the VM's disk before the migration, read again after it. */
export const DiskCheck = z.strictObject({
  path: z.string().describe("in the guest"),
  bytes: z.int().min(1),
  algorithm: z.literal("sha256"),
  before: z.string(),
  after: z.string().nullable().describe("null: it was not read again"),
  same: z.boolean().nullable(),
});
export type DiskCheck = z.infer<typeof DiskCheck>;

/** TCP ports of the migration network that carried memory and the disk; what went to or from no such port is the rest. */
export const MigrationPorts = z.strictObject({ memory: z.array(z.int()), disk: z.array(z.int()) });
export type MigrationPorts = z.infer<typeof MigrationPorts>;

export const ArtifactEntry = z.strictObject({
  name: z.string(),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
});
export type ArtifactEntry = z.infer<typeof ArtifactEntry>;

/** `pass.json`: everything about a pass that is not a raw artifact. Written when the pass has ended, however it ended. */
export const PassRecord = z.strictObject({
  kind: PassKind,
  status: Status,
  failures: z.array(Failure),
  warnings: z.array(z.string()),
  phases: z.array(PhaseRecord),
  clocks: z.array(Instant).describe("pairs read now and then: a change of wall − mono is a step of the wall clock"),
  clockOffsets: z.array(ClockOffset),
  guestClocks: z.array(GuestClock).default([]).describe("the guest's clocks against ours, before and after"),
  invalid: z.array(z.string()).default([]).describe("why the pass does not count although it ran"),
  hosts: z.array(HostDescription),
  settings: z.array(EffectiveSetting),
  probe: z.strictObject({ interval: z.number(), family: z.enum(["ipv4", "ipv6"]), target: z.string() }).optional(),
  switchPorts: z
    .record(z.string(), z.string())
    .describe("role of each port, e.g. migration.source → its name on the switch"),
  vm: z.strictObject({
    memory: z.int(),
    vcpus: z.int(),
    disk: z.int(),
    swap: z.int().default(0),
    mac: z.string(),
    ipv4: z.string(),
    ipv6: z.string(),
  }),
  back: z
    .strictObject({ status: Status, totalTime: z.number().optional() })
    .optional()
    .describe("the migration back, seconds"),
  diskCheck: DiskCheck.optional(),
  oldCopy: z
    .strictObject({ bytes: z.int().min(0), seconds: z.number().min(0) })
    .optional()
    .describe("the copy of the disk that was made at the destination before the migration, to grow old there"),
  migrationPorts: MigrationPorts.optional().describe("absent: the driver does not know which ports carry what"),
  artifacts: z.array(ArtifactEntry),
});
export type PassRecord = z.infer<typeof PassRecord>;

/** `trial.json`. */
export const TrialRecord = z.strictObject({
  id: z.string(),
  scenario: Scenario,
  repetition: z.int().min(1),
  status: Status,
  passes: z.array(PassKind).describe("the passes whose directories exist, in the order they ran"),
});
export type TrialRecord = z.infer<typeof TrialRecord>;

/** `manifest.json`, rewritten atomically at every step. `state` says how far the run came. */
export const Manifest = z.strictObject({
  schema: z.literal(MANIFEST_SCHEMA),
  id: z.string(),
  tool: z.strictObject({ name: z.literal("migrascope"), version: z.string(), node: z.string() }),
  state: z.enum(["running", "finished", "interrupted"]),
  started: Instant,
  ended: Instant.optional(),
  plan: Plan,
  testbed: Testbed,
  environment: z.record(z.string(), z.string()).describe("kernel, privilege mode of the lab, package versions…"),
  trials: z.array(
    z.strictObject({
      id: z.string(),
      scenario: z.string(),
      repetition: z.int(),
      state: z.enum(["planned", "running", "ended"]),
      status: Status.optional(),
    }),
  ),
});
export type Manifest = z.infer<typeof Manifest>;

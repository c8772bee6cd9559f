/** What a driver observes of one migration: the lines of the artifact `migration.jsonl`. Hypervisor-independent. */
import { z } from "zod";
import { Instant } from "./time.ts";

const bytes = z.number().min(0);

/** One sample of the migration's progress, as the hypervisor reports it. Absent fields are not known to this hypervisor. */
export const MigrationProgress = z.strictObject({
  at: Instant,
  status: z.string().describe("the hypervisor's own word for the state"),
  /** 1 is the first copy of all memory. */
  round: z.int().min(0).optional(),
  elapsed: z.number().min(0).optional().describe("seconds, the hypervisor's own count"),
  remaining: bytes.optional().describe("bytes of memory still to send"),
  transferred: bytes.optional().describe("bytes sent so far, as the hypervisor counts them"),
  diskTotal: bytes.optional().describe("bytes of disk to copy, from the migration's view"),
  diskRemaining: bytes.optional(),
  diskTransferred: bytes.optional().describe("bytes of disk copied so far, as the hypervisor counts them"),
  total: bytes.optional().describe("bytes of memory that the VM has, from the migration's view"),
  throughput: z.number().min(0).optional().describe("bits per second, the hypervisor's latest estimate"),
  dirtyRate: z.number().min(0).optional().describe("bytes per second dirtied, as of the last completed round"),
  throttle: z.number().min(0).max(1).optional().describe("share of vCPU time taken away to converge"),
  zeroPages: z.int().min(0).optional(),
  normalPages: z.int().min(0).optional(),
  expectedDowntime: z.number().min(0).optional().describe("seconds, the hypervisor's forecast"),
});
export type MigrationProgress = z.infer<typeof MigrationProgress>;

/**
 * Moments that every hypervisor has, by whatever name:
 * `command`: we asked for the migration; `stop`: vCPUs stand still on the source; `resume`: they run on the destination;
 * `resume-source`: they run on the source again after a failure; `status`: the hypervisor changed its state;
 * `round`: a new round began; `completed`, `failed`, `cancelled`: the end as the source reports it;
 * `switch-to-post-copy`, `cancel`: what we asked for on the way; `deadline`: it had come, and what was done then
 * (detail: the action); `recover`: a broken post-copy was connected again;
 * `part`, `part-end`: a part of a migration in several steps began or ended (detail: its name, see `MigrationPart`).
 */
export const MigrationEventKind = z.enum([
  "command",
  "status",
  "round",
  "stop",
  "resume",
  "resume-source",
  "switch-to-post-copy",
  "cancel",
  "deadline",
  "recover",
  "part",
  "part-end",
  "completed",
  "failed",
  "cancelled",
]);
/** The parts of a migration in several steps, as the `detail` of `part` and `part-end` names them. */
export const MigrationPart = z.enum([
  "disk-copy",
  "memory",
  "shut-down",
  "compress",
  "transfer",
  "decompress",
  "start",
  "first-reply",
]);
export type MigrationPart = z.infer<typeof MigrationPart>;

export const MigrationEvent = z.strictObject({
  kind: MigrationEventKind,
  host: z.enum(["source", "destination"]),
  /** When our process learned of it (or did it). */
  observed: Instant,
  /** The hypervisor's own timestamp, on its host's wall clock, microseconds; absent when it gave none. */
  reported: z.int().optional(),
  detail: z.string().optional(),
  round: z.int().optional(),
});
export type MigrationEvent = z.infer<typeof MigrationEvent>;

/** The hypervisor's own account after the end. Seconds and bytes. */
export const MigrationReport = z.strictObject({
  totalTime: z.number().min(0).optional(),
  downtime: z.number().min(0).optional(),
  setupTime: z.number().min(0).optional(),
  transferred: bytes.optional(),
  diskTransferred: bytes.optional(),
  rounds: z.int().min(0).optional(),
  zeroPages: z.int().min(0).optional(),
  normalPages: z.int().min(0).optional(),
  pageSize: z.int().min(1).optional(),
  postCopyRequests: z.int().min(0).optional(),
});
export type MigrationReport = z.infer<typeof MigrationReport>;

/** A setting as asked for and as read back from the hypervisor after it was set. */
export const EffectiveSetting = z.strictObject({
  name: z.string().describe("our name, e.g. downtimeLimit; the hypervisor's own where we have none"),
  native: z.string().describe("the hypervisor's name"),
  host: z.enum(["source", "destination"]),
  asked: z.union([z.number(), z.string(), z.boolean()]).optional(),
  effective: z.union([z.number(), z.string(), z.boolean()]),
  unit: z.string().optional(),
});
export type EffectiveSetting = z.infer<typeof EffectiveSetting>;

export const MigrationRecord = z.discriminatedUnion("record", [
  z.strictObject({ record: z.literal("event"), ...MigrationEvent.shape }),
  z.strictObject({ record: z.literal("progress"), ...MigrationProgress.shape }),
  z.strictObject({ record: z.literal("report"), ...MigrationReport.shape }),
]);
export type MigrationRecord = z.infer<typeof MigrationRecord>;

/** `result.json`: what analysis derives from a run directory. */
import { z } from "zod";
import { ProbeFate } from "./fate.ts";
import { Late, Part, Recovery, Sparse } from "./happened.ts";
import { HostDescription } from "./host.ts";
import { Measurement } from "./measurement.ts";
import { EffectiveSetting } from "./migration.ts";
import { Scenario } from "./plan.ts";
import { DiskCheck, Failure, PassKind, PhaseRecord, Status } from "./run.ts";

export { ProbeFate } from "./fate.ts";
export { Late, Part, Recovery, Sparse } from "./happened.ts";
export { Measurement, Unit } from "./measurement.ts";
export type { PassSeries } from "./series.ts";

export const RESULT_SCHEMA = "migrascope/result/1";

/** Times `t…` below are seconds on the wall clock, corrected for the host's clock offset, from the migrate command. */
const Seconds = z.number();

/**
 * An outage: a maximal run of probes that were lost or answered late. Where all of them were answered after all, and no vCPU
 * was stopped, it is a delay: part of the brownout.
 * The VM was out of reach from some moment in [begin.low, begin.high] to some moment in [end.low, end.high].
 */
export const Outage = z.strictObject({
  firstSequence: z.int(),
  lastSequence: z.int(),
  lost: z.int().describe("probes never answered"),
  late: z.int().describe("probes answered, but later than the threshold"),
  begin: z.strictObject({ low: Seconds, high: Seconds }),
  end: z.strictObject({ low: Seconds, high: Seconds }),
  duration: Measurement,
  lostProbeTime: Measurement,
  replyGap: Measurement,
  kind: z
    .enum(["outage", "delay"])
    .describe(
      "outage: probes were lost, or it is the one that overlaps the blackout; delay: replies came late, none was lost",
    ),
  during: z
    .enum(["before", "migration", "blackout", "after"])
    .describe("blackout: it overlaps STOP to RESUME, on the source when the migration came to nothing"),
});
export type Outage = z.infer<typeof Outage>;

export const Announcement = z.strictObject({
  t: Seconds,
  kind: z.enum(["rarp", "gratuitous-arp", "unsolicited-na"]),
  seenAt: z.enum(["source", "destination", "benchmark"]),
});
export type Announcement = z.infer<typeof Announcement>;

/** One segment of the outage, between two marks; they add up to the whole. `negative` order is kept, never hidden. */
export const AnatomySegment = z.strictObject({ from: z.string(), to: z.string(), seconds: z.number() });
export const Anatomy = z.strictObject({
  marks: z.array(z.strictObject({ id: z.string(), label: z.string(), t: Seconds.nullable(), source: z.string() })),
  segments: z.array(AnatomySegment),
  total: z.number().describe("seconds, the sum of the segments"),
  unexplained: z
    .number()
    .nullable()
    .describe(
      "seconds between first request delivered and first reply beyond a usual round trip; null when either was not seen",
    ),
});
export type Anatomy = z.infer<typeof Anatomy>;

export const Round = z.strictObject({
  round: z.int(),
  start: Seconds,
  end: Seconds.nullable(),
  transferred: z.number().nullable().describe("bytes sent in this round"),
  remainingAtStart: z.number().nullable(),
  throughput: z.number().nullable().describe("bits per second, bytes sent over the round's length"),
  dirtyRate: z.number().nullable().describe("bytes per second"),
  throttle: z.number().nullable(),
});
export type Round = z.infer<typeof Round>;

/** Bytes of one direction of one switch port during the migration, background subtracted. */
export const PortBytes = z.strictObject({
  port: z.string(),
  role: z.string().describe("network and machine, e.g. migration.source"),
  direction: z.enum(["in", "out"]),
  bytes: Measurement,
  background: Measurement.describe("what was subtracted"),
  hostInterface: Measurement.optional().describe("the same traffic as the host's own interface counted it"),
  disagreement: z.string().optional(),
});
export type PortBytes = z.infer<typeof PortBytes>;

/** What one workload experienced, as it recorded it itself; times on the axis, through the guest's compared clocks. */
export const WorkloadResult = z.strictObject({
  lane: z.int(),
  kind: z.string(),
  title: z.string().describe("the workload in words, e.g. memory-write, 64 MiB, random, 20 MB/s"),
  unit: z.enum(["bytes", "count"]).describe("what work is counted in: bytes, or operations where it handles no data"),
  asked: Measurement.describe("rate asked for before the migration, per second; unknown when flat out"),
  before: Measurement.describe("median rate achieved before the migrate command, per second"),
  during: Measurement.describe("mean rate achieved from the migrate command to its end, per second"),
  after: Measurement.describe("median rate achieved after the migration, per second"),
  below90: Measurement.describe("seconds below 90 % of the median before, from the migrate command on"),
  below50: Measurement,
  below10: Measurement,
  lost: Measurement.describe("work lost: what the median before would have done in the time, less what was done"),
  latencyBefore: Measurement.describe(
    "99th percentile of its operations before the migration: the median of the windows'",
  ),
  peakLatency: Measurement.describe("longest operation from the migrate command on"),
  longestPause: Measurement.describe("by the guest's own clock, which may stand still with the VM"),
  stale: Measurement.describe("pages found with another content than was last written to them"),
  cpu: z
    .strictObject({ user: Measurement, system: Measurement })
    .describe("share of one vCPU over the whole recording, by the guest's kernel"),
  end: z.strictObject({ how: z.enum(["stopped", "died", "running", "unknown"]), reason: z.string().optional() }),
  network: z
    .strictObject({
      lost: Measurement,
      duplicates: Measurement,
      reordered: Measurement,
      corrupt: Measurement,
      breaks: Measurement.describe("broken connections"),
      delayChange: Measurement.describe("largest one-way delay above the smallest before the migration, seconds"),
      events: z
        .array(
          z.strictObject({
            side: z.enum(["guest", "peer"]),
            kind: z.enum(["lost", "duplicate", "reordered", "corrupt", "broken", "connected"]),
            t: Seconds,
            since: Seconds.nullable(),
            sequence: z.int(),
            count: z.int(),
          }),
        )
        .describe("at most 200 of them, the longest first kept, in the order of time"),
      omitted: z.int().describe("events that are not in the list"),
    })
    .optional(),
});
export type WorkloadResult = z.infer<typeof WorkloadResult>;

/** Whether the rounds came closer to an end, and what says so. */
export const Convergence = z.strictObject({
  verdict: z.enum(["converged", "not-converging", "not-shown"]),
  evidence: z.string().describe("a sentence with the figures"),
  rounds: z.int(),
  dirtyRate: Measurement.describe("bytes per second, median of the later half of the rounds, as the hypervisor says"),
  throughput: Measurement.describe("bits per second, median of the later half of the rounds"),
  remaining: Measurement.describe("bytes left at the start of the later half's rounds: median, least and most"),
  needed: Measurement.describe("bytes that may be left when the hypervisor stops the VM: throughput × downtime limit"),
});
export type Convergence = z.infer<typeof Convergence>;

/** The hypervisor's account of dirtied memory against the workloads' own, over the same time. */
export const DirtyTracking = z.strictObject({
  how: z.string().describe("dirty-bitmap, page-sampling, or round N of the migration"),
  t: Seconds.describe("beginning, on the axis"),
  hypervisor: Measurement.describe("bytes per second of different pages dirtied"),
  guest: Measurement.describe("the same by the workloads' own count; bounds where windows do not fall on its ends"),
  ratio: Measurement.describe("hypervisor over guest"),
  margin: z.number().describe("share by which they may differ"),
  verdict: z.enum(["agrees", "differs", "unknown"]),
});
export type DirtyTracking = z.infer<typeof DirtyTracking>;

/** The order of the categories at one moment: configured ≥ allocated ≥ used ≥ requested ≥ dirtied, virtual ≥ allocated ≥ used. */
export const CategoryOrder = z.strictObject({
  of: z.enum(["memory", "disk"]),
  moment: z.string(),
  holds: z.boolean().nullable().describe("null: fewer than two categories are known"),
  text: z.string().describe("which pair breaks the order, and what explains it if anything does"),
  explained: z.boolean(),
});
export type CategoryOrder = z.infer<typeof CategoryOrder>;

export const Measurements = z.record(z.string(), Measurement);
export type Measurements = z.infer<typeof Measurements>;

export const PassResult = z.strictObject({
  kind: PassKind,
  status: Status,
  failures: z.array(Failure),
  warnings: z.array(z.string()),
  phases: z.array(
    PhaseRecord.pick({ name: true, outcome: true, note: true }).extend({ start: Seconds, seconds: z.number() }),
  ),
  hosts: z.array(HostDescription),
  settings: z.array(EffectiveSetting),
  outages: z.array(Outage),
  outageThreshold: Measurement.optional().describe("a reply later than this counts as late"),
  fates: z.partialRecord(ProbeFate, z.int()).optional(),
  announcements: z.array(Announcement),
  anatomy: Anatomy.optional(),
  parts: z.array(Part).describe("of a migration in several steps, in the order in which they began"),
  late: Late.optional().describe("what happened at the deadline; absent: it ended before"),
  recoveries: z.array(Recovery).describe("of a post-copy that broke"),
  rounds: z.array(Round),
  ports: z.array(PortBytes),
  diskCheck: DiskCheck.optional().describe("a file on the disk, before and after"),
  sparse: Sparse.optional().describe("of a migration that moves a disk"),
  statistics: z.array(
    z.strictObject({
      moment: z.string(),
      host: z.string(),
      source: z.string(),
      category: z.string(),
      bytes: z.number(),
      t: Seconds.nullable().describe("when it was read, on the axis"),
    }),
  ),
  categoryOrder: z.array(CategoryOrder),
  workloads: z.array(WorkloadResult),
  convergence: Convergence.optional(),
  dirtyTracking: z.array(DirtyTracking),
  invalid: z
    .array(z.string())
    .describe("why the pass does not count although it ran: a workload died, or never reached its rate"),
  measurements: Measurements,
});
export type PassResult = z.infer<typeof PassResult>;

export const TrialResult = z.strictObject({
  id: z.string(),
  scenario: z.string().describe("the scenario's name"),
  definition: Scenario,
  repetition: z.int(),
  hypervisor: z.string(),
  accelerator: z.string(),
  status: Status,
  passes: z.array(PassResult),
  measurements: Measurements.describe("of the probed pass, plus what needs both passes"),
});
export type TrialResult = z.infer<typeof TrialResult>;

export const Result = z.strictObject({
  schema: z.literal(RESULT_SCHEMA),
  run: z.strictObject({
    id: z.string(),
    state: z.enum(["running", "finished", "interrupted"]),
    plan: z.string(),
    description: z.string(),
    started: z.string().describe("ISO 8601, UTC"),
    tool: z.string(),
    testbed: z.string(),
    environment: z.record(z.string(), z.string()),
    links: z.record(z.string(), z.strictObject({ rate: z.number(), delay: z.number(), loss: z.number() })),
    vm: z.strictObject({ memory: z.int(), vcpus: z.int(), disk: z.int() }),
  }),
  warnings: z.array(z.string()),
  trials: z.array(TrialResult),
});
export type Result = z.infer<typeof Result>;

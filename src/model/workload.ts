/** What runs inside the VM while it migrates (the paper's 3.2): the catalogue of workloads as a plan writes them. */
import { z } from "zod";
import { Duration, Rate, Share, Size } from "./units.ts";

/** A rate for a while, then the next; after the last one it begins again. */
export const Trace = z
  .array(
    z.strictObject({
      for: Duration.refine((s) => s >= 1e-3, "a step lasts at least 1ms"),
      rate: Rate.or(z.literal("idle")).describe("bytes or bits per second; idle: nothing at all"),
    }),
  )
  .min(1)
  .max(64);
export type Trace = z.infer<typeof Trace>;

const paced = {
  rate: Rate.optional().describe("how fast; left out: as fast as it goes"),
  trace: Trace.optional().describe("in place of `rate`: a rate that changes over time"),
};

const onMemory = {
  ...paced,
  size: Size.describe("memory that is allocated"),
  portion: Share.default(1).describe("share of it that is touched again and again"),
  pattern: z
    .enum(["sequential", "random", "skewed"])
    .default("sequential")
    .describe("random: a permutation, each page once per round; skewed: nine touches of ten in a tenth of the pages"),
  bytesPerPage: Size.refine((bytes) => bytes >= 8 && bytes <= 4096, "between 8B and 4096B")
    .default(8)
    .describe("written to, or read of, a page at a touch"),
  content: z.enum(["zero", "text", "random"]).default("random").describe("how compressible the pages are"),
};

const onDisk = {
  ...paced,
  size: Size.describe("size of the file"),
  cache: z.boolean().default(true).describe("false: past the guest's page cache (O_DIRECT)"),
  directory: z.string().startsWith("/").optional().describe("in the guest; default: where the guest's disk is"),
};

const onNetwork = {
  ...paced,
  direction: z.enum(["send", "receive"]).default("send").describe("as the guest sees it"),
};

/** One workload. Quantities of data per second count bytes of memory touched, written, read, or of payload. */
export const Workload = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("cpu"),
    level: z.int().min(1).max(10).default(10).describe("1: 75 % of a vCPU in user mode … 10: 100 % in the kernel"),
  }),
  z.strictObject({
    kind: z.literal("memory-write"),
    ...onMemory,
  }),
  z.strictObject({ kind: z.literal("memory-read"), ...onMemory }),
  z.strictObject({ kind: z.literal("disk-write"), ...onDisk }),
  z.strictObject({ kind: z.literal("disk-read"), ...onDisk }),
  z.strictObject({ kind: z.literal("tcp"), ...onNetwork }),
  z.strictObject({
    kind: z.literal("udp"),
    ...onNetwork,
    datagram: Size.refine((bytes) => bytes >= 32 && bytes <= 1472, "between 32B and 1472B")
      .default(1024)
      .describe("payload of a datagram"),
  }),
]);
export type Workload = z.infer<typeof Workload>;
export type WorkloadKind = Workload["kind"];

/** At most so many run at once in one guest. */
export const MOST_WORKLOADS = 8;

/** What a scenario's guest does: nothing, one workload, or several at once. */
export const ScenarioWorkload = z.union([z.literal("idle"), Workload, z.array(Workload).min(1).max(MOST_WORKLOADS)]);
export type ScenarioWorkload = z.infer<typeof ScenarioWorkload>;

/** The workloads of a scenario as a list; empty when the guest is idle. */
export const workloadsOf = (workload: ScenarioWorkload): readonly Workload[] =>
  workload === "idle" ? [] : Array.isArray(workload) ? workload : [workload];

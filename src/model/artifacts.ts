/** The raw files of a pass: their names and the schemas of their lines. */
import { z } from "zod";
import { StatisticsSample } from "./host.ts";
import { Instant } from "./time.ts";

/** File names inside a pass's directory. */
export const ARTIFACT = {
  migration: "migration.jsonl",
  counters: "counters.jsonl",
  interfaces: "interfaces.jsonl",
  statistics: "statistics.jsonl",
  probes: "probes.bin",
  flowsSource: "flows-source.jsonl",
  captureBenchmark: "capture-benchmark.pcap",
  captureSource: "capture-source.pcap",
  captureDestination: "capture-destination.pcap",
  workload: "workload.jsonl",
  peer: "peer.jsonl",
  dirtyRate: "dirty-rate.jsonl",
  consoleSource: "console-source.log",
  consoleDestination: "console-destination.log",
} as const;
export type ArtifactName = (typeof ARTIFACT)[keyof typeof ARTIFACT];

/** When, relative to the migration, a reading was taken. `background`: the window before it, for the background rate. */
export const Moment = z.enum(["background", "before", "during", "after"]);
export type Moment = z.infer<typeof Moment>;

/**
 * One reading of all ports of the managed switch. Octets as read (not unwrapped): decimal strings, since 64 bits do not
 * fit a JSON number. `width` is the counters' width in bits. Directions are the switch's: `in` came from the port's machine.
 */
export const CounterReading = z.strictObject({
  at: Instant,
  moment: Moment,
  settled: z.boolean().describe("the counters had stood still for as long as the testbed asks"),
  restless: z
    .array(z.string())
    .optional()
    .describe("ports that were not waited for, since the guest's own workload never lets them stand still"),
  ports: z.array(
    z.strictObject({
      name: z.string(),
      width: z.union([z.literal(32), z.literal(64)]),
      inOctets: z.string().regex(/^\d+$/u),
      outOctets: z.string().regex(/^\d+$/u),
    }),
  ),
});
export type CounterReading = z.infer<typeof CounterReading>;

/** One reading of a host's own interface. Directions are the host's. */
export const InterfaceReading = z.strictObject({
  at: Instant,
  moment: Moment,
  host: z.enum(["source", "destination", "benchmark"]),
  interface: z.string(),
  network: z.enum(["service", "migration", "storage"]),
  rxBytes: z.int().min(0),
  txBytes: z.int().min(0),
});
export type InterfaceReading = z.infer<typeof InterfaceReading>;

/**
 * The packets with the same protocol, ports and direction on one interface. `other`: what has no ports, and fragments; its
 * ports are 0. Directions are the host's.
 */
export const Flow = z.strictObject({
  protocol: z.enum(["tcp", "udp", "other"]),
  sourcePort: z.int().min(0).max(65535),
  destinationPort: z.int().min(0).max(65535),
  direction: z.enum(["in", "out"]),
  bytes: z.int().min(0).describe("frames with Ethernet header and VLAN tag, as the host's kernel had them"),
  packets: z.int().min(0),
});
export type Flow = z.infer<typeof Flow>;

/** All flows of an interface since its count began. */
export const FlowReading = z.strictObject({
  at: Instant.describe("when we learned of it"),
  flows: z.array(Flow),
  dropped: z.int().min(0).describe("packets so far that the kernel had no room for: they are in no flow"),
  end: z.boolean().describe("the last reading of a count that ended as it should"),
});
export type FlowReading = z.infer<typeof FlowReading>;

export const StatisticsReading = z.strictObject({
  moment: Moment,
  host: z.enum(["source", "destination"]),
  ...StatisticsSample.shape,
});
export type StatisticsReading = z.infer<typeof StatisticsReading>;

/** The hypervisor's own measurement of how fast the guest dirties memory, while nothing migrated. */
export const DirtyRateReading = z.strictObject({
  /** When the measurement began and ended, as we know it: the hypervisor may have measured for a little less. */
  start: Instant,
  end: Instant,
  seconds: z.number().describe("for which the hypervisor says it measured"),
  bytesPerSecond: z.number().min(0).describe("different pages dirtied, over the time"),
  how: z.string().describe("the hypervisor's method, in its own words: dirty-bitmap, page-sampling…"),
  resolution: z.number().min(0).describe("bytes per second: the step in which it tells, and what sampling blurs"),
  host: z.enum(["source", "destination"]),
});
export type DirtyRateReading = z.infer<typeof DirtyRateReading>;

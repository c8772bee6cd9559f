/**
 * What the agent in the guest, and its peer on the benchmark server, have recorded: the lines of the artifacts
 * `workload.jsonl` and `peer.jsonl`. Instants are those of the recorder's own clocks, whole microseconds: the guest's
 * clocks are not the benchmark server's, and may stand still while the VM does. docs/agent.md describes the format.
 */
import { z } from "zod";
import { Instant } from "./time.ts";

const nanoseconds = z.int().min(0);
const count = z.int().min(0);
const lane = z.int().min(0).describe("number of the workload, from 0, in the order of the plan");

export const AgentRecord = z.discriminatedUnion("record", [
  /** First line: who recorded. */
  z.strictObject({
    record: z.literal("agent"),
    version: z.literal(1),
    side: z.enum(["guest", "peer"]),
    machine: z.string().describe("as `uname -m` says"),
    pageSize: z.int().min(1),
    windowLength: z.int().min(1).describe("microseconds that a window is meant to last"),
    started: Instant,
    fetched: Instant,
    ownMemory: count.optional().describe("bytes that the agent itself takes, its workloads' own not counted"),
    dropped: count.describe("records that found no room"),
  }),
  /** One per workload, before everything that it recorded. */
  z.strictObject({
    record: z.literal("lane"),
    lane,
    kind: z.string(),
    unit: z.enum(["page", "byte", "datagram", "slice"]).describe("what `asked` and `done` count"),
    unitBytes: count.describe("bytes of a unit; 0 where a unit is no data"),
    operation: count.describe("units of an operation, at most: what a latency is the latency of"),
    requested: count.describe("bytes of memory that it asked of the guest's system"),
    touched: count.describe("bytes of memory in the set of pages that it touches; 0: no such set"),
    distinct: z.enum(["exact", "unknown"]).describe("whether `distinct` is counted"),
  }),
  /** Windows of a lane follow each other without a gap: each begins where the last one ended. */
  z.strictObject({
    record: z.literal("window"),
    lane,
    start: Instant,
    length: nanoseconds,
    asked: z.number().min(0).nullable().describe("units that the rate asks for in this length; null: flat out"),
    done: count.describe("units"),
    operations: count,
    latency: z
      .strictObject({ p50: nanoseconds, p90: nanoseconds, p99: nanoseconds, max: nanoseconds })
      .nullable()
      .describe("of the operations that ended here; null: none did"),
    pause: nanoseconds.describe("the longest time in which nothing went on that should have"),
    stalled: nanoseconds.describe("time of stalls, which is not made up for"),
    distinct: count.optional().describe("different pages touched"),
    stale: count.optional().describe("pages whose content was not what was last written to them"),
    oneWayDelay: z
      .strictObject({ low: z.int(), median: z.int(), high: z.int() })
      .optional()
      .describe(
        "of datagrams, ns: arrival by the recorder's clock minus departure by the sender's; only changes mean anything",
      ),
    merged: z
      .int()
      .min(1)
      .describe("windows that were merged into this one for want of room; percentiles are then the largest"),
  }),
  /** Nothing went on for so long: longer than the agent makes up for. */
  z.strictObject({ record: z.literal("stall"), lane, start: Instant, length: nanoseconds }),
  /** What a receiver or a connection found out. */
  z.strictObject({
    record: z.literal("discontinuity"),
    lane,
    kind: z.enum(["lost", "duplicate", "reordered", "corrupt", "broken", "connected"]),
    at: Instant.describe("when it was noticed"),
    since: Instant.optional().describe("when the last thing before it arrived in order"),
    sequence: count.describe("number of the first datagram or 64-bit word concerned; of the connection, from 0"),
    count: count.describe("how many in a row"),
  }),
  /** The guest's own account of its memory, bytes (/proc/meminfo). */
  z.strictObject({
    record: z.literal("memory"),
    at: Instant,
    total: count,
    available: count,
    swapTotal: count,
    swapFree: count,
    committed: count,
  }),
  /** Last line of a lane. `running`: it was still at work when the records were fetched. */
  z.strictObject({
    record: z.literal("end"),
    lane,
    at: Instant,
    how: z.enum(["stopped", "died", "running"]),
    reason: z.string().optional().describe("why it died"),
    done: count,
    operations: count,
    stale: count,
    user: nanoseconds.describe("CPU time in user mode"),
    system: nanoseconds.describe("CPU time in the kernel"),
  }),
]);
export type AgentRecord = z.infer<typeof AgentRecord>;
export type LaneRecord = Extract<AgentRecord, { record: "lane" }>;
export type WindowRecord = Extract<AgentRecord, { record: "window" }>;

/** What the agent answers when it is asked how it is. */
export const AgentStatus = z.strictObject({
  state: z.enum(["starting", "running", "stopped"]),
  at: Instant,
  ownMemory: count,
  lanes: z.array(
    z.strictObject({
      lane,
      kind: z.string(),
      state: z.enum(["starting", "running", "stopped", "died"]),
      reason: z.string().optional(),
      asked: z.number().nullable().describe("units asked for so far"),
      done: count,
      unitBytes: count,
      stalled: nanoseconds,
      requested: count,
      touched: count,
    }),
  ),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** A comparison of the guest's monotonic clock with the benchmark server's: `offset` = guest's − ours, true within ± `uncertainty`. Seconds. */
export const GuestClock = z.strictObject({
  at: Instant,
  moment: z.enum(["started", "before", "after", "end"]),
  offset: z.number().describe("monotonic clocks, seconds"),
  wallOffset: z.number().describe("wall clocks, seconds"),
  uncertainty: z.number().min(0).describe("half of the shortest round trip, seconds"),
});
export type GuestClock = z.infer<typeof GuestClock>;

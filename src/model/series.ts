/** What the figures draw beside the result: columns, one entry per probe or sample. Not part of `result.json`. */
import type { ProbeFate } from "./fate.ts";

export interface PassSeries {
  readonly trial: string;
  readonly pass: "quiet" | "probed";
  readonly probes: {
    readonly sequence: Float64Array;
    /** Seconds from the migrate command. */
    readonly sent: Float64Array;
    /** Seconds; NaN where no reply came. */
    readonly rtt: Float64Array;
    readonly fate: readonly ProbeFate[];
  } | null;
  readonly progress: readonly {
    readonly t: number;
    readonly remaining: number | null;
    readonly throughput: number | null;
    readonly dirtyRate: number | null;
    readonly throttle: number | null;
    readonly round: number | null;
    /** Bytes, where a disk is copied. */
    readonly diskTotal: number | null;
    readonly diskRemaining: number | null;
    readonly diskTransferred: number | null;
  }[];
  /** One per workload and side that recorded it. Columns: one entry per window, times on the axis. */
  readonly workloads: readonly {
    readonly lane: number;
    readonly kind: string;
    readonly side: "guest" | "peer";
    readonly unit: "bytes" | "count";
    readonly start: Float64Array;
    readonly end: Float64Array;
    /** Units per second of real time. */
    readonly rate: Float64Array;
    /** Units per second; NaN when flat out. */
    readonly asked: Float64Array;
    /** Seconds; NaN where no operation ended. */
    readonly p50: Float64Array;
    readonly p99: Float64Array;
    readonly max: Float64Array;
    /** Seconds, by the guest's own clock. */
    readonly pause: Float64Array;
  }[];
  /** Seconds from the migrate command of STOP, RESUME and the end; null where unknown. */
  readonly marks: { readonly stop: number | null; readonly resume: number | null; readonly end: number | null };
}

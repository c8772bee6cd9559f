/** The probes of a made-up pass: steady replies, an outage around a blackout, held requests, and the noise of a real network. */
import type { Anatomy, Measurement, Outage, PassSeries, ProbeFate, TrialResult } from "../../src/model/result.ts";

export interface FixtureOptions {
  readonly trials?: number;
  /** How the last trial ended; the others completed. */
  readonly status?: TrialResult["status"];
  /** Put into every text that a person or another program chose. */
  readonly name?: string;
  readonly accelerator?: string;
  /** Seconds between two probes. */
  readonly interval?: number;
  /** Seconds of probing after the command. */
  readonly length?: number;
  /** Seconds of blackout. */
  readonly blackout?: number;
  /** Whether the guest runs workloads. */
  readonly busy?: boolean;
}

export const STOP = 0.9053;
export const known = (
  value: number,
  unit: Measurement["unit"],
  source: string,
  bounds: { low?: number; high?: number } = {},
): Measurement => ({ value, unit, source, ...bounds });
export const unknown = (unit: Measurement["unit"], source: string, reason: string): Measurement => ({
  value: null,
  unit,
  source,
  unknown: reason,
});

/** Park and Miller's generator: the same noise on every machine. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

export function probesOf(options: Required<FixtureOptions>, seed: number): NonNullable<PassSeries["probes"]> {
  const random = noise(seed);
  const { interval, length } = options;
  const resume = STOP + options.blackout;
  const count = Math.round((length + 1) / interval);
  const sequence = new Float64Array(count);
  const sent = new Float64Array(count);
  const rtt = new Float64Array(count);
  const fate: ProbeFate[] = [];
  for (let index = 0; index < count; index++) {
    const t = -1 + index * interval + random() * interval * 0.05;
    const usual = (0.00022 + random() ** 6 * 0.0012) * (t > 0 && t < STOP ? 1.6 : 1);
    sequence[index] = index;
    sent[index] = t;
    if (t < STOP) {
      rtt[index] = usual;
      fate.push("answered-by-source");
    } else if (t < STOP + 0.012) {
      rtt[index] = resume + 0.043 + random() * 0.001 - t;
      fate.push("held");
    } else if (t < resume + 0.041) {
      rtt[index] = Number.NaN;
      fate.push(t < resume + 0.004 ? "lost-at-source" : "lost-elsewhere");
    } else {
      rtt[index] = usual + Math.max(0, 0.004 * (resume + 0.06 - t) * 50);
      fate.push("answered-by-destination");
    }
  }
  return { sequence, sent, rtt, fate };
}

export function outageOf(probes: NonNullable<PassSeries["probes"]>, options: Required<FixtureOptions>): Outage {
  const first = probes.fate.findIndex((fate) => fate !== "answered-by-source");
  const last = probes.fate.findLastIndex((fate) => fate !== "answered-by-destination");
  const begin = { low: probes.sent[first - 1]!, high: probes.sent[first]! };
  const end = { low: probes.sent[last]!, high: probes.sent[last + 1]! };
  const lost = probes.fate.filter((fate) => fate.startsWith("lost")).length;
  return {
    firstSequence: first,
    lastSequence: last,
    lost,
    late: last - first + 1 - lost,
    begin,
    end,
    duration: known((begin.low + begin.high) / -2 + (end.low + end.high) / 2, "s", "probes.bin", {
      low: end.low - begin.high,
      high: end.high - begin.low,
    }),
    lostProbeTime: known(lost * options.interval, "s", "probes.bin"),
    replyGap: known(end.high - begin.low + 0.0004, "s", "probes.bin"),
    kind: "outage",
    during: "blackout",
  };
}

export function anatomyOf(outage: Outage, blackout: number): Anatomy {
  const resume = STOP + blackout;
  const marks = [
    {
      id: "last-reply",
      label: "last reply from the source",
      t: outage.begin.low + 0.0006,
      source: "capture-source.pcap",
    },
    { id: "stop", label: "STOP", t: STOP, source: "migration.jsonl" },
    { id: "resume", label: "RESUME", t: resume, source: "migration.jsonl" },
    { id: "announcement", label: "first announcement", t: resume - 0.0031, source: "capture-destination.pcap" },
    { id: "delivered", label: "first request delivered", t: resume + 0.0048, source: "capture-destination.pcap" },
    { id: "reply", label: "first reply", t: outage.end.high + 0.0021, source: "capture-destination.pcap" },
  ];
  const segments = marks.slice(1).map((mark, index) => ({
    from: marks[index]!.id,
    to: mark.id,
    seconds: mark.t - marks[index]!.t,
  }));
  const total = marks.at(-1)!.t - marks[0]!.t;
  return { marks, segments, total, unexplained: 0.0334 };
}

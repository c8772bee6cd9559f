/** The workloads of a made-up pass: 64 MiB written at random with their brownout, and datagrams of which some were lost. */
import type { PassResult, PassSeries } from "../../src/model/result.ts";
import type { Workload } from "../../src/model/workload.ts";
import { known, STOP, unknown } from "./fixture-probes.ts";

export const WORKLOADS: Workload[] = [
  {
    kind: "memory-write",
    size: 64 * 2 ** 20,
    portion: 1,
    pattern: "random",
    content: "random",
    bytesPerPage: 8,
    rate: 160e6,
  },
  { kind: "udp", direction: "send", datagram: 1024, rate: 64e6 },
];

const WINDOW = 0.1;
const LANES = [
  { kind: "memory-write", rate: 20e6, p99: 0.00021 },
  { kind: "udp", rate: 8e6, p99: 0.000034 },
] as const;

/** The share of its rate that the guest reaches in a window, with the part of it that the blackout takes. */
function shareAt(t: number, resume: number): number {
  const dark = Math.max(0, Math.min(t + WINDOW, resume) - Math.max(t, STOP)) / WINDOW;
  const brownout = t < -WINDOW ? 1 : t < 0.7 ? 0.86 : t < resume ? 0.62 : t < resume + 0.3 ? 0.78 : 1;
  return (1 - dark) * brownout;
}

export function workloadSeries(length: number, blackout: number): PassSeries["workloads"][number][] {
  const resume = STOP + blackout;
  const count = Math.round((length + 3) / WINDOW);
  return [0, 1, 1].map((lane, nth) => {
    const { kind, rate, p99 } = LANES[lane]!;
    const peer = nth === 2;
    const column = (of: (t: number, index: number) => number): Float64Array =>
      Float64Array.from({ length: count }, (_, index) => of(-3 + index * WINDOW, index));
    const usual = (t: number, index: number): number =>
      p99 * (1 + ((index * 53) % 7) / 9) * (t > 0 && t < resume ? 9 : 1);
    const dark = (t: number): boolean => t + WINDOW > STOP && t < resume;
    return {
      lane,
      kind,
      side: peer ? "peer" : "guest",
      unit: "bytes",
      start: column((t) => t),
      end: column((t) => t + WINDOW),
      rate: column(
        (t, index) => rate * shareAt(t, resume) * (1 - ((index * 37) % 11) / 900) * (peer && dark(t) ? 0.3 : 1),
      ),
      asked: column(() => rate),
      p50: column(() => (peer ? Number.NaN : p99 / 8)),
      p99: column((t, index) => (peer ? Number.NaN : usual(t, index))),
      max: column((t, index) =>
        peer ? Number.NaN : dark(t) ? blackout + 0.004 : usual(t, index) * (1.5 + ((index * 29) % 13) / 3),
      ),
      pause: column((t, index) => (dark(t) ? blackout * 0.9 : ((index * 17) % 5) * 0.0002)),
    };
  });
}

/** @param name is put into every text that a person or another program chose. */
export function workloadResults(completed: boolean, blackout: number, name: string): PassResult["workloads"] {
  const why = "the migration did not complete";
  return LANES.map(({ kind, rate, p99 }, lane) => {
    const from = lane === 0 ? "workload.jsonl" : "workload.jsonl, peer.jsonl";
    return {
      lane,
      kind,
      title: `${lane === 0 ? "memory-write, 64 MiB, random, 20 MB/s" : "udp, send, 64 Mb/s"}${name}`,
      unit: "bytes",
      asked: known(rate, "bytes/s", from),
      before: known(rate * 0.995, "bytes/s", from),
      during: known(rate * 0.79, "bytes/s", from, { low: rate * 0.78, high: rate * 0.8 }),
      after: completed ? known(rate * 0.994, "bytes/s", from) : unknown("bytes/s", from, why),
      below90: known(1.31, "s", from, { low: 1.21, high: 1.41 }),
      below50: known(0.2, "s", from, { low: 0.1, high: 0.3 }),
      below10: known(0.1, "s", from, { low: 0, high: 0.2 }),
      lost: known(rate * 0.29, "bytes", from),
      latencyBefore: known(p99, "s", from),
      peakLatency: known(blackout + 0.004, "s", from),
      longestPause: known(blackout * 0.9, "s", from),
      stale: lane === 0 ? known(0, "count", from) : unknown("count", from, "it touches no set of pages"),
      cpu: { user: known(0.18, "share", from), system: known(0.02, "share", from) },
      end: { how: "stopped" },
      ...(lane === 1 ? { network: networkOf(from, blackout) } : {}),
    };
  });
}

function networkOf(from: string, blackout: number): NonNullable<PassResult["workloads"][number]["network"]> {
  const lost = Math.round((8e6 / 1024) * (blackout + 0.04));
  return {
    lost: known(lost + 3, "count", from),
    duplicates: known(0, "count", from),
    reordered: known(2, "count", from),
    corrupt: known(0, "count", from),
    breaks: unknown("count", from, "datagrams have no connection"),
    delayChange: known(0.0042, "s", from),
    events: [
      { side: "peer", kind: "lost", t: 0.4, since: 0.39, sequence: 26_214, count: 3 },
      { side: "peer", kind: "lost", t: STOP + blackout + 0.04, since: STOP - 0.001, sequence: 30_417, count: lost },
      { side: "peer", kind: "reordered", t: STOP + blackout + 0.06, since: null, sequence: 31_742, count: 2 },
    ],
    omitted: 0,
  };
}

export const convergenceOf = (completed: boolean): NonNullable<PassResult["convergence"]> =>
  completed
    ? {
        verdict: "converged",
        evidence: "what remained fell from 9.0 MiB to 2.0 MiB within 2 rounds.",
        rounds: 3,
        dirtyRate: known(18.2e6, "bytes/s", "migration.jsonl", { low: 13.4e6, high: 23e6 }),
        throughput: known(737e6, "bits/s", "migration.jsonl"),
        remaining: known(5.7e6, "bytes", "migration.jsonl", { low: 2.1e6, high: 9.4e6 }),
        needed: known(27.6e6, "bytes", "migration.jsonl"),
      }
    : {
        verdict: "not-converging",
        evidence: "over 38 rounds 61.0 MiB remained each time, dirtied at 60 MB/s against 268 Mb/s of throughput.",
        rounds: 38,
        dirtyRate: known(60e6, "bytes/s", "migration.jsonl"),
        throughput: known(268e6, "bits/s", "migration.jsonl"),
        remaining: known(64e6, "bytes", "migration.jsonl", { low: 63.1e6, high: 64.2e6 }),
        needed: known(1.0e6, "bytes", "migration.jsonl"),
      };

export const dirtyTrackingOf = (): PassResult["dirtyTracking"] => [
  {
    how: "dirty-bitmap",
    t: -2.5,
    hypervisor: known(19.6e6, "bytes/s", "dirty-rate.jsonl", { low: 19.1e6, high: 20.1e6 }),
    guest: known(19.9e6, "bytes/s", "workload.jsonl", { low: 19.4e6, high: 20.2e6 }),
    ratio: known(0.985, "share", "dirty-rate.jsonl, workload.jsonl"),
    margin: 0.1,
    verdict: "agrees",
  },
  {
    how: "round 2 of the migration",
    t: 0.72,
    hypervisor: known(13.4e6, "bytes/s", "migration.jsonl"),
    guest: known(17.1e6, "bytes/s", "workload.jsonl", { low: 15.9e6, high: 18.2e6 }),
    ratio: known(0.784, "share", "migration.jsonl, workload.jsonl"),
    margin: 0.1,
    verdict: "differs",
  },
];

type Statistics = PassResult["statistics"];
export function statisticsOf(): Statistics {
  const MIB = 2 ** 20;
  const read = (moment: string, host: string, t: number): Statistics => [
    { moment, host, source: "hypervisor", category: "memory.configured", bytes: 256 * MIB, t },
    { moment, host, source: "host", category: "memory.allocated", bytes: (moment === "before" ? 171 : 176) * MIB, t },
    { moment, host, source: "agent", category: "memory.requested", bytes: 64.1 * MIB, t: t + 0.01 },
    { moment, host, source: "agent", category: "memory.dirtied", bytes: 64 * MIB, t: t + 0.01 },
    { moment, host, source: "hypervisor", category: "disk.virtualSize", bytes: 1024 * MIB, t },
    { moment, host, source: "hypervisor", category: "disk.allocatedBlocks", bytes: 96 * MIB, t },
  ];
  const guest = (moment: string, host: string, t: number): Statistics => [
    { moment, host, source: "guest", category: "memory.used", bytes: 103 * MIB, t },
    { moment, host, source: "guest", category: "memory.swapUsed", bytes: 0, t },
    { moment, host, source: "guest", category: "disk.usedBlocks", bytes: 101 * MIB, t },
  ];
  return [
    ...read("before", "source", -8.1),
    ...guest("before", "source", -7.9),
    ...read("during", "source", 0.3),
    { moment: "during", host: "destination", source: "host", category: "memory.allocated", bytes: 41 * MIB, t: 0.32 },
    ...read("after", "destination", 6.4),
    ...guest("after", "destination", 6.6),
  ];
}

export const categoryOrderOf = (): PassResult["categoryOrder"] =>
  ["before", "during", "after"].flatMap((moment) => [
    { of: "memory" as const, moment, holds: true, text: "each category holds the next", explained: false },
    moment === "during"
      ? { of: "disk" as const, moment, holds: null, text: "the guest was not asked for its blocks", explained: false }
      : {
          of: "disk" as const,
          moment,
          holds: false,
          text: "used blocks 101 MiB are more than allocated 96.0 MiB: the image is sparse, and blocks of zeros take none.",
          explained: moment === "before",
        },
  ]);

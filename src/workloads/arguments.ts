/** From the plan's words to the agent's: docs/agent.md. Pure. */
import type { Trace, Workload } from "../model/workload.ts";

export interface Surroundings {
  /** In the guest: where files go unless the workload says otherwise. */
  readonly directory: string;
  /** Address and ports of the peer on the benchmark server; needed by network workloads only. */
  readonly peer?: { readonly address: string; readonly tcp: number | null; readonly udp: number | null } | undefined;
}

const bytesPerSecond = (bits: number): string => String(Math.max(1, Math.round(bits / 8)));

const traceOf = (trace: Trace): string =>
  trace
    .map((step) => `${Math.round(step.for * 1000)}:${step.rate === "idle" ? 0 : bytesPerSecond(step.rate)}`)
    .join(",");

function paceOf(workload: Exclude<Workload, { kind: "cpu" }>): string[] {
  if (workload.trace !== undefined) return ["--trace", traceOf(workload.trace)];
  return workload.rate === undefined ? [] : ["--rate", bytesPerSecond(workload.rate)];
}

/** Whole pages of the size; a portion is at least one. */
const touchedOf = (size: number, portion: number): string =>
  String(Math.max(1, Math.round((Math.floor(size / 4096) * 4096 * portion) / 4096)) * 4096);

/** One workload's words, the kind first. @throws Error when a network workload is given no peer. */
export function workloadArguments(workload: Workload, { directory, peer }: Surroundings): string[] {
  switch (workload.kind) {
    case "cpu":
      return ["cpu", "--level", String(workload.level)];
    case "memory-write":
    case "memory-read":
      return [
        ...[workload.kind, "--size", String(workload.size), "--touched", touchedOf(workload.size, workload.portion)],
        ...["--bytes", String(workload.bytesPerPage), "--pattern", workload.pattern, "--content", workload.content],
        ...paceOf(workload),
      ];
    case "disk-write":
    case "disk-read":
      return [
        ...[workload.kind, "--size", String(workload.size), "--directory", workload.directory ?? directory],
        ...(workload.cache ? [] : ["--direct"]),
        ...paceOf(workload),
      ];
    case "tcp":
    case "udp": {
      const port = peer?.[workload.kind];
      if (!peer || typeof port !== "number") throw new Error(`${workload.kind} has no peer`);
      return [
        ...[workload.kind, "--peer", peer.address, "--port", String(port), "--direction", workload.direction],
        ...(workload.kind === "udp" ? ["--datagram", String(workload.datagram)] : []),
        ...paceOf(workload),
      ];
    }
  }
}

/** What `start` is given. @param every seconds of a window. */
export const startArguments = (workloads: readonly Workload[], every: number, surroundings: Surroundings): string[] => [
  "--window-us",
  String(Math.round(every * 1e6)),
  ...workloads.flatMap((workload, index) => [
    ...(index > 0 ? ["+"] : []),
    ...workloadArguments(workload, surroundings),
  ]),
];

/** A workload in words, wherever one is named: `memory-write, 64 MiB, random, 20 MB/s`. */
import { type ScenarioWorkload, type Workload, workloadsOf } from "./workload.ts";

const DECIMAL = ["B", "kB", "MB", "GB", "TB"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes in the units that somebody chose: of decimal and binary ones those that need fewer digits. */
export function chosenBytes(bytes: number): string {
  const [decimal, binary] = [
    { units: DECIMAL, base: 1000 },
    { units: BINARY, base: 1024 },
  ].map(({ units, base }) => {
    const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log(bytes) / Math.log(base) + 1e-9)));
    return `${Number((bytes / base ** step).toPrecision(6))} ${units[step]}`;
  });
  const digits = (text: string): number => text.indexOf(" ");
  return digits(binary!) < digits(decimal!) ? binary! : decimal!;
}

/** Bits per second as bytes per second. */
export const chosenRate = (bits: number): string => `${chosenBytes(bits / 8)}/s`;

const pace = ({ rate, trace }: { rate?: number | undefined; trace?: readonly unknown[] | undefined }): string =>
  trace !== undefined
    ? `a trace of ${trace.length} ${trace.length === 1 ? "step" : "steps"}`
    : rate === undefined
      ? "flat out"
      : chosenRate(rate);

function partsOf(workload: Workload): readonly (string | undefined)[] {
  switch (workload.kind) {
    case "cpu":
      return [`level ${workload.level}`];
    case "memory-write":
    case "memory-read": {
      const { size, portion, pattern, content, bytesPerPage } = workload;
      return [
        `${portion < 1 ? `${Number((portion * 100).toPrecision(6))} % of ` : ""}${chosenBytes(size)}`,
        pattern,
        content === "random" ? undefined : `${content === "zero" ? "zeros" : content} as content`,
        bytesPerPage === 8 ? undefined : `${chosenBytes(bytesPerPage)} per page`,
        pace(workload),
      ];
    }
    case "disk-write":
    case "disk-read":
      return [chosenBytes(workload.size), workload.cache ? undefined : "past the page cache", pace(workload)];
    case "tcp":
      return [`the guest ${workload.direction}s`, pace(workload)];
    case "udp":
      return [`the guest ${workload.direction}s`, `datagrams of ${chosenBytes(workload.datagram)}`, pace(workload)];
  }
}

export const workloadTitle = (workload: Workload): string =>
  [workload.kind, ...partsOf(workload).filter((part) => part !== undefined)].join(", ");

/** Several are joined with a plus sign; `idle` when there is none. */
export const inWords = (workload: ScenarioWorkload): string =>
  workloadsOf(workload).map(workloadTitle).join(" + ") || "idle";

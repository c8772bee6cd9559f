/** Workloads in words: what a scenario asks of its guest, and what became of that. */
import type { PassResult, TrialResult } from "../model/result.ts";
import type { ScenarioWorkload, Workload } from "../model/workload.ts";
import { workloadsOf } from "../model/workload.ts";
import { formatChosen } from "./format.ts";

const DECIMAL = ["B/s", "kB/s", "MB/s", "GB/s"];
const BINARY = ["B/s", "KiB/s", "MiB/s", "GiB/s"];

/** Bits per second as the bytes per second that somebody wrote: of decimal and binary units those that need fewer digits. */
export function chosenRate(bits: number): string {
  const [decimal, binary] = [
    { units: DECIMAL, base: 1000 },
    { units: BINARY, base: 1024 },
  ].map(({ units, base }) => {
    const bytes = bits / 8;
    const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log(bytes) / Math.log(base) + 1e-9)));
    return `${Number((bytes / base ** step).toPrecision(6))} ${units[step]}`;
  });
  const digits = (text: string): number => text.indexOf(" ");
  return digits(binary!) < digits(decimal!) ? binary! : decimal!;
}

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
      const { size, portion, pattern, content } = workload;
      const written =
        workload.kind === "memory-write" && workload.bytesPerPage !== 8 ? workload.bytesPerPage : undefined;
      return [
        `${portion < 1 ? `${formatChosen(portion, "share")} of ` : ""}${formatChosen(size, "bytes")}`,
        pattern,
        content === "random" ? undefined : `${content === "zero" ? "zeros" : content} as content`,
        written === undefined ? undefined : `${formatChosen(written, "bytes")} per page`,
        pace(workload),
      ];
    }
    case "disk-write":
    case "disk-read":
      return [formatChosen(workload.size, "bytes"), workload.cache ? undefined : "past the page cache", pace(workload)];
    case "tcp":
      return [`the guest ${workload.direction}s`, pace(workload)];
    case "udp":
      return [
        `the guest ${workload.direction}s`,
        `datagrams of ${formatChosen(workload.datagram, "bytes")}`,
        pace(workload),
      ];
  }
}

/** `memory-write, 64 MiB, random, 20 MB/s`; several are joined with a plus sign; `idle` when there is none. */
export const inWords = (workload: ScenarioWorkload): string =>
  workloadsOf(workload)
    .map((one) => [one.kind, ...partsOf(one).filter((part) => part !== undefined)].join(", "))
    .join(" + ") || "idle";

/** What a trial's guest did, in the words of its results; where no workload has one, in those of its scenario. */
export function workloadInWords({ definition, passes }: Pick<TrialResult, "definition" | "passes">): string {
  const titles = passes.map(({ workloads }) => workloads.map(({ title }) => title));
  return titles.find((some) => some.length > 0)?.join(" + ") ?? inWords(definition.workload);
}

/** Why passes do not count although they ran, each reason once with the kinds of pass that it concerns. */
export function invalidities({ passes }: Pick<TrialResult, "passes">): Map<string, PassResult["kind"][]> {
  const found = new Map<string, PassResult["kind"][]>();
  for (const { kind, invalid } of passes)
    for (const reason of invalid) found.set(reason, [...(found.get(reason) ?? []), kind]);
  return found;
}

/** The main evidence that a migration that did not complete never could have; undefined where nothing says so. */
export const notConverging = ({ passes }: Pick<TrialResult, "passes">): string | undefined =>
  passes.map(({ convergence }) => convergence).find((one) => one?.verdict === "not-converging")?.evidence;

/** A sentence that is to stand inside of another: without its full stop. */
export const unstopped = (sentence: string): string => sentence.replace(/\.\s*$/u, "");

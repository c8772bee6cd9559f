/** A workload of a plan in words: `memory-write, 64 MiB, random, 20 MB/s`. */
import type { Workload } from "../model/workload.ts";
import { binary, decimal } from "./words.ts";

export function workloadTitle(workload: Workload): string {
  return [workload.kind, ...detailsOf(workload), ...paceOf(workload)].join(", ");
}

function detailsOf(workload: Workload): string[] {
  switch (workload.kind) {
    case "cpu":
      return [`level ${workload.level}`];
    case "memory-write":
    case "memory-read": {
      const part = workload.portion < 1 ? [`${decimal(workload.portion * 100)} % of it`] : [];
      return [binary(workload.size), ...part, workload.pattern];
    }
    case "disk-write":
    case "disk-read":
      return [binary(workload.size), ...(workload.cache ? [] : ["past the page cache"])];
    case "tcp":
    case "udp":
      return [workload.direction];
  }
}

function paceOf(workload: Workload): string[] {
  if (workload.kind === "cpu") return [];
  if (workload.trace) return [`a trace of ${workload.trace.length} steps`];
  if (workload.rate === undefined) return ["flat out"];
  const onNetwork = workload.kind === "tcp" || workload.kind === "udp";
  return [onNetwork ? `${decimal(workload.rate / 1e6)} Mb/s` : `${decimal(workload.rate / 8e6)} MB/s`];
}

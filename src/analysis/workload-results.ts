/** What each workload of the scenario experienced, as it stands in the result. */
import type { Measurement, WorkloadResult } from "../model/result.ts";
import { workloadTitle } from "../model/workload-words.ts";
import { type Brownout, brownoutOf, FEWEST_WINDOWS, meanRate, ratesOf, usualRate } from "./brownout.ts";
import { type Finding, measured } from "./finding.ts";
import { peakLatency } from "./inside.ts";
import { type PlacedWindow, unitOf } from "./lanes.ts";
import { median } from "./median.ts";
import { standstill } from "./moments.ts";
import { networkOf } from "./network.ts";
import type { Pass } from "./pass.ts";
import { lazy, orNull, Unknown } from "./unknown.ts";

const SOURCE = "workload.jsonl";

/** One per workload of the scenario, in its order; of what was not recorded everything is unknown. */
export const workloadResults = (pass: Pass): WorkloadResult[] =>
  pass.workloads.planned.map((_, number) => workloadResult(pass, number));

/** The slow time of a workload. @throws Unknown when the axis or what is usual is not known. */
export function brownoutOfWorkload(pass: Pass, number: number): Brownout {
  const { workloads } = pass;
  const moments = pass.moments();
  const windows = workloads.windows("guest", number);
  const over = moments.end ? Math.max(moments.end.t, standstill(moments)?.to ?? 0) : null;
  const last = windows.at(-1)?.end ?? 0;
  return brownoutOf(windows, workloads.still(), over, workloads.slack("guest", 0) + workloads.slack("guest", last));
}

function workloadResult(pass: Pass, number: number): WorkloadResult {
  const { workloads } = pass;
  const planned = workloads.planned[number]!;
  const lane = lazy(() => workloads.lane("guest", number));
  const known = orNull(lane);
  const unit = known ? unitOf(known.about) : planned.kind === "cpu" ? "count" : "bytes";
  const perSecond: Measurement["unit"] = unit === "bytes" ? "bytes/s" : "count";
  const windows = (): readonly PlacedWindow[] => workloads.windows("guest", number);
  const find = (of: Measurement["unit"], compute: () => Finding): Measurement => measured(of, SOURCE, compute);
  const brownout = lazy(() => brownoutOfWorkload(pass, number));
  const network = networkOf(workloads, number);
  return {
    lane: number,
    kind: planned.kind,
    title: workloadTitle(planned),
    unit,
    asked: find(perSecond, () => ({ value: askedBefore(windows()) })),
    before: find(perSecond, () => ({ value: usualRate(windows()) })),
    during: find(perSecond, () => {
      const { end } = pass.moments();
      if (!end) throw new Unknown("the migration's end is not recorded");
      return meanRate(windows(), 0, end.t, workloads.slack("guest", end.t));
    }),
    after: find(perSecond, () => ({ value: rateAfter(pass, windows()) })),
    below90: find("s", () => brownout().below(0.9)),
    below50: find("s", () => brownout().below(0.5)),
    below10: find("s", () => brownout().below(0.1)),
    lost: find(unit, () => brownout().lost()),
    latencyBefore: find("s", () => ({ value: latencyBefore(windows()) })),
    peakLatency: find("s", () => peakLatency(windows(), workloads.clock(), workloads.still())),
    longestPause: find("s", () => {
      const later = windows().filter(({ end }) => end > 0);
      if (later.length === 0) throw new Unknown("no window was recorded after the migrate command");
      return { value: Math.max(...later.map(({ record }) => record.pause)) / 1e9 };
    }),
    stale: find("count", () => ({ value: stalePages(pass, number) })),
    cpu: {
      user: find("share", () => ({ value: cpuShare(pass, number, "user") })),
      system: find("share", () => ({ value: cpuShare(pass, number, "system") })),
    },
    end: known?.end
      ? { how: known.end.how, ...(known.end.reason === undefined ? {} : { reason: known.end.reason }) }
      : { how: "unknown" },
    ...(network ? { network } : {}),
  };
}

function askedBefore(windows: readonly PlacedWindow[]): number {
  const before = windows.filter(({ end }) => end <= 0);
  if (before.length === 0) throw new Unknown("no window was recorded before the migrate command");
  if (before.some(({ asked }) => asked === null)) throw new Unknown("it runs flat out");
  const seconds = (window: PlacedWindow): number => window.record.length / 1e9;
  const asked = before.reduce((sum, window) => sum + window.asked! * seconds(window), 0);
  return asked / before.reduce((sum, window) => sum + seconds(window), 0);
}

function rateAfter(pass: Pass, windows: readonly PlacedWindow[]): number {
  const { end } = pass.moments();
  if (!end) throw new Unknown("the migration's end is not recorded");
  const rates = ratesOf(windows.filter(({ start }) => start >= end.t));
  if (rates.length < FEWEST_WINDOWS)
    throw new Unknown(
      `only ${rates.length} windows were recorded after the migration: ${FEWEST_WINDOWS} at least are needed`,
    );
  return median(rates);
}

function latencyBefore(windows: readonly PlacedWindow[]): number {
  const tails = windows.flatMap(({ end, record }) => (end <= 0 && record.latency ? [record.latency.p99] : []));
  if (tails.length < FEWEST_WINDOWS)
    throw new Unknown(`operations ended in only ${tails.length} windows before the migrate command`);
  return median(tails) / 1e9;
}

/** @throws Unknown when the workload does not look at what it finds. */
export function stalePages(pass: Pass, number: number): number {
  const { windows, end } = pass.workloads.lane("guest", number);
  const found = end?.stale ?? windows.reduce((sum, { stale }) => sum + (stale ?? 0), 0);
  if (found === 0 && !looks(pass, number)) throw new Unknown("this workload does not check what it finds");
  return found;
}

/** Pages of zeros look all the same, and what is written to at random keeps no account of each page. */
function looks(pass: Pass, number: number): boolean {
  const planned = pass.workloads.planned[number]!;
  if (planned.kind === "memory-read") return true;
  return planned.kind === "memory-write" && planned.content !== "zero" && planned.pattern !== "skewed";
}

function cpuShare(pass: Pass, number: number, mode: "user" | "system"): number {
  const { end, windows } = pass.workloads.lane("guest", number);
  const first = windows[0];
  if (!end) throw new Unknown("how it ended is not recorded");
  if (!first || end.at.mono <= first.start.mono) throw new Unknown("it recorded no window");
  return end[mode] / 1e3 / (end.at.mono - first.start.mono);
}

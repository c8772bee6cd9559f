/** The windows of the workloads as columns, for figures. */
import type { PassSeries } from "../model/result.ts";
import { type PlacedWindow, unitOf } from "./lanes.ts";
import type { Pass } from "./pass.ts";
import { orNull } from "./unknown.ts";
import type { Side } from "./workload-records.ts";

type Column = PassSeries["workloads"][number];

/** Of each side and workload that can be put on the axis. */
export function workloadSeries({ workloads }: Pass): Column[] {
  return (["guest", "peer"] as const).flatMap((side: Side) => {
    const lanes = orNull(() => workloads.lanes(side)) ?? [];
    return lanes.flatMap(({ about }) => {
      const windows = orNull(() => workloads.windows(side, about.lane));
      if (!windows || windows.length === 0) return [];
      const column = (of: (window: PlacedWindow) => number): Float64Array => Float64Array.from(windows, of);
      const latency = (which: "p50" | "p99" | "max") =>
        column(({ record }) => (record.latency ? record.latency[which] / 1e9 : Number.NaN));
      return [
        {
          lane: about.lane,
          kind: about.kind,
          side,
          unit: unitOf(about),
          start: column(({ start }) => start),
          end: column(({ end }) => end),
          rate: column(({ rate }) => rate),
          asked: column(({ asked }) => asked ?? Number.NaN),
          p50: latency("p50"),
          p99: latency("p99"),
          max: latency("max"),
          pause: column(({ record }) => record.pause / 1e9),
        },
      ];
    });
  });
}

/** Statistics readings as flat rows: one per moment, witness and category; what a witness did not tell has no row. */
import type { StatisticsReading } from "../model/artifacts.ts";
import type { PassResult } from "../model/result.ts";
import type { Timeline } from "./timeline.ts";

export type StatisticsRow = PassResult["statistics"][number];

/** @param timeline null when there is no axis: the rows' times are then unknown. */
export function statisticsRows(readings: readonly StatisticsReading[], timeline: Timeline | null): StatisticsRow[] {
  return readings.flatMap(({ moment, host, source, memory, disk, at }) =>
    (["memory", "disk"] as const).flatMap((kind) =>
      Object.entries(kind === "memory" ? memory : disk).flatMap(([category, bytes]) =>
        bytes === undefined
          ? []
          : [{ moment, host, source, category: `${kind}.${category}`, bytes, t: timeline ? timeline.at(at) : null }],
      ),
    ),
  );
}

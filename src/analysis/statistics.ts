/** Statistics readings as flat rows: one per moment, witness and category; what a witness did not tell has no row. */
import type { StatisticsReading } from "../model/artifacts.ts";
import type { PassResult } from "../model/result.ts";

export function statisticsRows(readings: readonly StatisticsReading[]): PassResult["statistics"] {
  return readings.flatMap(({ moment, host, source, memory, disk }) =>
    (["memory", "disk"] as const).flatMap((kind) =>
      Object.entries(kind === "memory" ? memory : disk).flatMap(([category, bytes]) =>
        bytes === undefined ? [] : [{ moment, host, source, category: `${kind}.${category}`, bytes }],
      ),
    ),
  );
}

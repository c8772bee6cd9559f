/** What a receiver or a connection of a network workload found out, as marks: from when on it may have happened to when it was noticed. */
import type { WorkloadResult } from "../../model/result.ts";
import { seconds } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";

export type NetworkEvent = NonNullable<WorkloadResult["network"]>["events"][number];
interface Lane {
  readonly name: string;
  readonly kinds: readonly NetworkEvent["kind"][];
}

/** Rows in the order of how bad it is; a connection that came back lies in the row of those that broke. */
export const LANES: readonly Lane[] = [
  { name: "broken", kinds: ["broken", "connected"] },
  { name: "lost", kinds: ["lost"] },
  { name: "corrupt", kinds: ["corrupt"] },
  { name: "reordered", kinds: ["reordered"] },
  { name: "duplicate", kinds: ["duplicate"] },
];
const INKS: Readonly<Record<NetworkEvent["kind"], Ink>> = {
  broken: "lost",
  connected: "destination",
  lost: "lost",
  corrupt: "lost-there",
  reordered: "held",
  duplicate: "muted",
};

/** Bars where the beginning is known, and a mark at the moment when it was noticed. */
export function eventSeries(events: readonly NetworkEvent[], lanes: readonly Lane[], plot: number) {
  return [...Map.groupBy(events, ({ kind }) => kind)].flatMap(([kind, some]) => {
    const row = lanes.findIndex(({ kinds }) => kinds.includes(kind));
    const color = LIGHT[INKS[kind]];
    // Not in the tooltip of the axis, which tells of all curves: a row's number would mean nothing there.
    const common = { name: kind, xAxisIndex: plot, yAxisIndex: plot, tooltip: { trigger: "item" } };
    const bars = some.flatMap(({ t, since }) =>
      since === null || kind === "connected"
        ? []
        : [
            [seconds(since), row],
            [seconds(t), row],
            [null, null],
          ],
    );
    return [
      {
        ...common,
        type: "line",
        silent: true,
        symbol: "none",
        lineStyle: { color, width: 8, opacity: 0.55, cap: "butt" },
        data: bars,
      },
      {
        ...common,
        type: "scatter",
        symbol: kind === "connected" ? "diamond" : "rect",
        symbolSize: kind === "connected" ? 10 : [3, 16],
        itemStyle: { color, opacity: 1 },
        dimensions: ["noticed at, s", "row", "how many"],
        encode: { x: 0, y: 1, tooltip: [0, 2] },
        data: some.map(({ t, count }) => [seconds(t), row, count]),
      },
    ];
  });
}

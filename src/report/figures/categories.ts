/** The categories of memory or disk (the paper's Figure 1): one row each, from the largest to the smallest, a bar per moment. */
import type { EChartsOption } from "echarts";
import { categoriesIn, momentsOf, type Reading, readingsAt } from "../categories.ts";
import { formatValue } from "../format.ts";
import { BASE, type Figure, namedRows } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";

/** The moments in the order of their bars in a row, from the top. */
export const MOMENT_INKS: readonly (readonly [string, Ink])[] = [
  ["before", "source"],
  ["during", "held"],
  ["after", "destination"],
];
const ROW = 60;
const BAR = 7;

const UNITS = [
  ["B", 1],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
] as const;

/** @returns undefined when no category of it is known. */
export function categoriesFigure(statistics: readonly Reading[], of: "memory" | "disk"): Figure | undefined {
  const moments = MOMENT_INKS.filter(([moment]) => momentsOf(statistics).includes(moment));
  const rows = categoriesIn(statistics, of).map((category) => ({
    label: category.label,
    bytes: moments.map(([moment]) => readingsAt(statistics, category, moment)[0]?.bytes ?? null),
  }));
  const most = Math.max(0, ...rows.flatMap(({ bytes }) => bytes.map((value) => value ?? 0)));
  if (most === 0) return undefined;
  const [unit, factor] = UNITS.findLast(([, size]) => most >= size)!;
  const labels = rows.map(({ label, bytes }) => {
    const values = bytes.map((value) => (value === null ? "unknown" : formatValue(value, "bytes")));
    return new Set(values).size === 1 ? `${label}: ${values[0]}` : `${label}: ${values.join(" → ")}`;
  });
  // What is small beside the largest must still be seen: a hair line is drawn at least this long.
  const least = most / 300;
  const height = rows.length * ROW;
  const option = {
    ...BASE,
    grid: { left: 12, right: 24, top: 8, height, outerBoundsMode: "none" },
    xAxis: {
      type: "value",
      min: 0,
      name: unit,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: LIGHT.muted, fontSize: 12 },
      axisLabel: { color: LIGHT.muted, fontSize: 12, hideOverlap: true },
      axisLine: { show: true, onZero: false, lineStyle: { color: LIGHT.muted } },
      splitLine: { lineStyle: { color: LIGHT.grid } },
    },
    yAxis: { ...namedRows(labels), axisLabel: { ...namedRows(labels).axisLabel, padding: [0, 0, 16, 0] } },
    series: moments.map(([moment, ink], nth) => ({
      type: "bar",
      name: moment,
      silent: true,
      barWidth: BAR,
      barGap: "20%",
      itemStyle: { color: LIGHT[ink] },
      data: rows.map(({ bytes }) => {
        const value = bytes[nth] ?? null;
        return value === null ? null : Number((Math.max(value, value > 0 ? least : 0) / factor).toPrecision(6));
      }),
    })),
  };
  return {
    option: option as unknown as EChartsOption,
    height: height + 60,
    summary: `Categories of ${of}, ${moments.map(([moment]) => moment).join(", ")}: ${labels.join("; ")}.`,
  };
}

/** The downtime of every repetition, scenario by scenario, on one logarithmic axis (the paper's Table 6, with its bounds). */
import type { EChartsOption } from "echarts";
import { allInWords, type Compared } from "../comparison.ts";
import { BASE, type Figure, namedRows } from "./figure.ts";
import { LIGHT } from "./palette.ts";

const ROW = 36;

/** @returns undefined when no downtime is known. */
export function downtimesFigure(scenarios: readonly Compared[]): Figure | undefined {
  const rows = scenarios.map(({ scenario, trials }) => ({
    label: `${scenario}: ${allInWords(trials, "downtime")}`,
    values: trials.flatMap(({ measurements: { downtime } }) =>
      downtime && downtime.value !== null && downtime.value > 0
        ? [{ value: downtime.value, low: downtime.low ?? downtime.value, high: downtime.high ?? downtime.value }]
        : [],
    ),
  }));
  const all = rows.flatMap(({ values }) => values);
  if (all.length === 0) return undefined;
  const decade = (value: number, round: (x: number) => number): number => round(Math.log10(value) + 0);
  const min = Number(`1e${decade(Math.min(...all.map(({ value }) => value)) * 1e3, Math.floor)}`);
  const max = Number(`1e${decade(Math.max(...all.map(({ high }) => high)) * 1e3, Math.ceil)}`);
  const ms = (value: number): number => Number(Math.max(min, value * 1e3).toPrecision(6));
  const option = {
    ...BASE,
    grid: { left: 22, right: 30, top: 8, height: rows.length * ROW, outerBoundsMode: "none" },
    xAxis: {
      type: "log",
      min,
      max: max > min ? max : min * 10,
      name: "downtime, ms (log scale)",
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: LIGHT.muted, fontSize: 12 },
      axisLabel: { color: LIGHT.muted, fontSize: 12, hideOverlap: true },
      axisLine: { show: true, onZero: false, lineStyle: { color: LIGHT.muted } },
      splitLine: { lineStyle: { color: LIGHT.grid } },
    },
    yAxis: namedRows(rows.map(({ label }) => label)),
    series: [
      ...rows.flatMap(({ label, values }, index) =>
        values.map(({ low, high }) => ({
          type: "line",
          name: label,
          symbol: "none",
          silent: true,
          lineStyle: { color: LIGHT.downtime, width: 3, cap: "butt" },
          data: [
            [ms(low), index],
            [ms(high), index],
          ],
        })),
      ),
      {
        type: "scatter",
        name: "downtime of each repetition",
        silent: true,
        symbol: "circle",
        symbolSize: 8,
        itemStyle: { color: LIGHT.ground, borderColor: LIGHT.downtime, borderWidth: 2 },
        data: rows.flatMap(({ values }, index) => values.map(({ value }) => [ms(value), index])),
        z: 5,
      },
    ],
  };
  return {
    option: option as unknown as EChartsOption,
    height: rows.length * ROW + 60,
    summary: `Downtime of every repetition: ${rows.map(({ label }) => label).join("; ")}.`,
  };
}

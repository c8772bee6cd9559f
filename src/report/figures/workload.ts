/** What one workload in the guest experienced, on the axis of the migration's course: its rate, its latencies, its breaks. */
import type { EChartsOption } from "echarts";
import type { PassResult, PassSeries, WorkloadResult } from "../../model/result.ts";
import { formatFact } from "../workload-facts.ts";
import { courseSpan, courseZoom, roundLines, SIDES } from "./course.ts";
import { BASE, blackoutBand, type Figure, laneAxis, type Span, seconds, timeAxis, valueAxis } from "./figure.ts";
import { LIGHT } from "./palette.ts";
import { thinWindows } from "./thinning.ts";
import { eventSeries, LANES } from "./workload-events.ts";
import { LINES, type LineId } from "./workload-lines.ts";

type Windows = PassSeries["workloads"][number];
type Column = "rate" | "asked" | "p99" | "max" | "pause";

const RATE = 150;
const LATENCY = 130;
const LANE = 26;
const TOP = 46;
const GAP = 42;

const DECIMAL = [1000, ["B/s", "kB/s", "MB/s", "GB/s"]] as const;
const BINARY = [1024, ["B/s", "KiB/s", "MiB/s", "GiB/s"]] as const;
const COUNTS = [1000, ["/s", "k/s", "M/s", "G/s"]] as const;

/**
 * The unit of the rate's axis, by the largest value on it. Rates of bytes are decimal, unless the title has the rate that
 * somebody asked for in binary units: the two are read together.
 */
function scaleOf(windows: readonly Windows[], title: string): { readonly unit: string; readonly factor: number } {
  const most = Math.max(
    0,
    ...windows.map(({ rate }) => rate.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0)),
  );
  const bytes = windows[0]!.unit === "bytes";
  const [base, units] = !bytes ? COUNTS : /[KMGT]iB\/s/u.test(title) ? BINARY : DECIMAL;
  const step = Math.min(3, Math.max(0, Math.floor(Math.log(Math.max(most, 1)) / Math.log(base))));
  return { unit: units[step]!, factor: base ** step };
}

type Point = [number, number | null];

/** A step per window; `null` where there is no value, or no window. Of a run of equal values only its ends. */
function steps(windows: Windows, indices: readonly number[], column: Column, factor: number, log: boolean): Point[] {
  const points: Point[] = [];
  const add = (x: number, y: number | null): void => {
    const [before, last] = points.slice(-2);
    if (before?.[1] === y && last?.[1] === y) points.pop();
    points.push([seconds(x), y]);
  };
  indices.forEach((index, nth) => {
    const value = windows[column][index]!;
    // A logarithm has no place for zero: nothing paused at all.
    const known = Number.isFinite(value) && (!log || value > 0);
    add(windows.start[index]!, known ? Number((value / factor).toPrecision(5)) : null);
    const adjacent = indices[nth + 1] === index + 1;
    const gap = adjacent && windows.start[index + 1]! - windows.end[index]! > 1e-3;
    if (gap || nth === indices.length - 1) {
      add(windows.end[index]!, points.at(-1)![1]);
      if (gap) points.push([seconds(windows.end[index]!), null]);
    }
  });
  return points;
}

/** The median before as a line, and the shares of it that a brownout is measured by. */
function references(before: number | null, factor: number) {
  if (before === null || before <= 0) return [];
  const line = (share: number, name: string, position: string, type: string) => ({
    yAxis: Number(((before * share) / factor).toPrecision(6)),
    name,
    lineStyle: { color: LIGHT.muted, type, width: 1 },
    label: { show: true, formatter: "{b}", color: LIGHT.muted, fontSize: 12, position, distance: 2 },
  });
  return [
    line(1, "median before", "insideEndTop", "solid"),
    line(0.9, "90 %", "insideEndBottom", "dotted"),
    line(0.5, "50 %", "insideEndTop", "dotted"),
    line(0.1, "10 %", "insideEndTop", "dotted"),
  ];
}

/** Decades that hold all values, in milliseconds. */
function decades(values: readonly number[]): { min: number; max: number } {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => Math.log10(value));
  const min = Math.floor(least! + 1e-9);
  return { min: Number(`1e${min}`), max: Number(`1e${Math.max(min + 1, Math.ceil(most! - 1e-9))}`) };
}

export interface WorkloadInput {
  readonly pass: Pick<PassResult, "rounds">;
  readonly workload: WorkloadResult;
  readonly series: PassSeries;
  /** Windows to draw per side at most, about. */
  readonly budget?: number;
}

/** @returns the figure and which lines are in it; undefined when nothing was recorded around the migration. */
export function workloadFigure(input: WorkloadInput): (Figure & { readonly lines: readonly LineId[] }) | undefined {
  const { pass, workload, series, budget = 400 } = input;
  const span = courseSpan(series);
  const sides = series.workloads
    .filter(({ lane }) => lane === workload.lane)
    .map((windows) => ({ windows, indices: thinWindows(windows, span.from, span.to, budget) }))
    .filter(({ indices }) => indices.length > 0);
  if (sides.length === 0) return undefined;
  const guest = sides.find(({ windows }) => windows.side === "guest");
  const peer = sides.find(({ windows }) => windows.side === "peer");
  const { unit, factor } = scaleOf(
    sides.map(({ windows }) => windows),
    workload.title,
  );
  const lines: LineId[] = [];
  const draw = (id: LineId, plot: number, data: readonly Point[], name: string) => {
    lines.push(id);
    return curve(id, plot, data, name);
  };
  const rated = (guest ?? peer)!;
  const asked = steps(rated.windows, rated.indices, "asked", factor, false);
  const rates = [
    ...(guest
      ? [draw("guest", 0, steps(guest.windows, guest.indices, "rate", factor, false), `guest's side, ${unit}`)]
      : []),
    ...(peer
      ? [draw("peer", 0, steps(peer.windows, peer.indices, "rate", factor, false), `peer's side, ${unit}`)]
      : []),
    ...(asked.some(([, y]) => y !== null) ? [draw("asked", 0, asked, `asked, ${unit}`)] : []),
  ];
  const latencies = (["p99", "max", "pause"] as const).flatMap((column) => {
    if (guest === undefined) return [];
    const data = steps(guest.windows, guest.indices, column, 1e-3, true);
    return data.some(([, y]) => y !== null) ? [draw(column, 1, data, `${LINES[column].label}, ms`)] : [];
  });
  const times = latencies.flatMap(({ data }) => data.flatMap(([, y]) => y ?? []));
  const events = (workload.network?.events ?? []).filter(({ t, since }) => t >= span.from && (since ?? t) <= span.to);
  const lanes = LANES.filter((lane) => events.some(({ kind }) => lane.kinds.includes(kind)));
  const plots = [
    { id: "rate", height: RATE },
    ...(times.length > 0 ? [{ id: "latency", height: LATENCY }] : []),
    ...(lanes.length > 0 ? [{ id: "events", height: lanes.length * LANE }] : []),
  ];
  const tops = plots.map((_, index) => plots.slice(0, index).reduce((sum, { height }) => sum + height + GAP, TOP));
  const axes = plots.map(({ id }, index) =>
    id === "rate"
      ? // Room above the median for its name.
        {
          ...valueAxis(index, `rate, ${unit === "/s" ? "per second" : unit}`, unit),
          boundaryGap: [0, "12%"],
          splitNumber: 5,
        }
      : id === "latency"
        ? { ...valueAxis(index, "latency and pause, ms (log scale)", "ms"), type: "log", ...decades(times) }
        : laneAxis(
            index,
            lanes.map(({ name }) => name),
          ),
  );
  const band = blackoutBand(series.marks);
  const option = {
    ...BASE,
    tooltip: { ...BASE.tooltip, trigger: "axis" },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: plots.map(({ height }, index) => ({ ...SIDES, top: tops[index], height })),
    xAxis: plots.map((_, gridIndex) =>
      timeAxis({ gridIndex, labels: gridIndex === plots.length - 1, min: span.from, max: span.to }),
    ),
    yAxis: axes,
    dataZoom: courseZoom(plots.length),
    series: [
      ...plots.map((_, index) => carrier(index, band, roundLines(pass.rounds, span, index === 0))),
      { ...carrier(0, {}, { silent: true, symbol: "none", data: references(workload.before.value, factor) }) },
      ...rates,
      ...latencies,
      ...eventSeries(events, lanes, plots.length - 1),
    ],
  };
  return {
    option: option as unknown as EChartsOption,
    height: tops.at(-1)! + plots.at(-1)!.height + 54,
    lines: [...new Set(lines)],
    summary: summarise(workload, span),
  };
}

/** What lies behind the curves of a plot. */
const carrier = (plot: number, band: object, markLine: object) => ({
  type: "line",
  xAxisIndex: plot,
  yAxisIndex: plot,
  data: [],
  silent: true,
  ...band,
  markLine,
});

function curve(id: LineId, plot: number, data: readonly Point[], name: string) {
  const { ink, width, type } = LINES[id];
  return {
    type: "line" as const,
    name,
    xAxisIndex: plot,
    yAxisIndex: plot,
    step: "end" as const,
    connectNulls: false,
    showSymbol: false,
    itemStyle: { color: LIGHT[ink] },
    lineStyle: { color: LIGHT[ink], width, type },
    data,
  };
}

function summarise(workload: WorkloadResult, { from, to }: Span): string {
  const { title, before, during, below50, peakLatency, longestPause } = workload;
  const said = (measurement: WorkloadResult["before"], rate = false): string => formatFact({ rate }, measurement);
  return `${title}, from ${seconds(from)} s to ${seconds(to)} s. Rate before the migration ${said(before, true)}, during it ${said(during, true)}; below half of it for ${said(below50)}; peak latency ${said(peakLatency)}; longest pause ${said(longestPause)}.`;
}

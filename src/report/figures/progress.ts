/** The migration's course: what remains, how fast it is sent and how fast it is dirtied, round by round. */
import type { EChartsOption } from "echarts";
import type { PassResult, PassSeries } from "../../model/result.ts";
import { formatValue } from "../format.ts";
import { courseSpan, courseZoom, roundLines, SIDES } from "./course.ts";
import { BASE, blackoutBand, type Figure, seconds, timeAxis, valueAxis } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";
import { thinSamples } from "./thinning.ts";

type Sample = PassSeries["progress"][number];

interface Curve {
  readonly field: "remaining" | "diskRemaining" | "diskTransferred" | "throughput" | "dirtyRate" | "throttle";
  readonly name: string;
  readonly unit: string;
  readonly factor: number;
  readonly ink: Ink;
}

const CURVES: readonly Curve[] = [
  { field: "remaining", name: "memory remaining", unit: "MiB", factor: 2 ** 20, ink: "source" },
  { field: "diskRemaining", name: "disk remaining", unit: "MiB", factor: 2 ** 20, ink: "neutral" },
  { field: "diskTransferred", name: "disk transferred", unit: "MiB", factor: 2 ** 20, ink: "neutral" },
  { field: "throughput", name: "throughput", unit: "Mb/s", factor: 1e6, ink: "destination" },
  { field: "dirtyRate", name: "dirty rate", unit: "MB/s", factor: 1e6, ink: "held" },
  { field: "throttle", name: "vCPU throttle", unit: "%", factor: 0.01, ink: "lost-there" },
];

const PLOT = 104;
const GAP = 38;

/** @returns undefined when the hypervisor told nothing on the way. */
export function progressFigure(pass: Pick<PassResult, "rounds">, series: PassSeries, budget = 600): Figure | undefined {
  // A migration of memory alone may tell that of a disk of nothing there is nothing left.
  const disk = series.progress.some(({ diskTotal, diskRemaining }) => (diskTotal ?? diskRemaining ?? 0) > 0);
  const curves = CURVES.filter(
    ({ field }) => (disk || !field.startsWith("disk")) && series.progress.some((sample) => sample[field] !== null),
  );
  if (curves.length === 0) return undefined;
  const samples = thinSamples(series.progress, budget, (sample, previous) => sample.round !== previous?.round);
  const { marks } = series;
  const span = courseSpan(series);
  const told = series.progress.at(-1)!.t - Math.min(0, series.progress[0]!.t);
  const point = (sample: Sample, { field, factor }: Curve) => {
    const value = sample[field];
    return [seconds(sample.t), value === null ? null : Number((value / factor).toPrecision(6))];
  };
  const option = {
    ...BASE,
    tooltip: { ...BASE.tooltip, trigger: "axis" },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: curves.map((_, index) => ({ ...SIDES, top: 46 + index * (PLOT + GAP), height: PLOT })),
    xAxis: curves.map((_, gridIndex) =>
      timeAxis({ gridIndex, labels: gridIndex === curves.length - 1, min: span.from, max: span.to }),
    ),
    yAxis: curves.map(({ name, unit }, index) => valueAxis(index, name, unit)),
    dataZoom: courseZoom(curves.length),
    series: curves.map((curve, index) => ({
      type: "line",
      name: `${curve.name}, ${curve.unit}`,
      xAxisIndex: index,
      yAxisIndex: index,
      // A sample holds until the next one: a slope would claim to know what lay between.
      step: "end",
      connectNulls: false,
      symbol: "circle",
      symbolSize: 4,
      showSymbol: samples.length <= 120,
      itemStyle: { color: LIGHT[curve.ink] },
      lineStyle: { color: LIGHT[curve.ink], width: 2 },
      data: samples.map((sample) => point(sample, curve)),
      ...blackoutBand(marks),
      markLine: roundLines(pass.rounds, span, index === 0),
    })),
  };
  const first = series.progress.find((sample) => sample.remaining !== null)?.remaining ?? null;
  const total = disk ? Math.max(...series.progress.map((one) => one.diskTotal ?? one.diskRemaining ?? 0)) : null;
  return {
    option: option as unknown as EChartsOption,
    height: 46 + curves.length * (PLOT + GAP) + 16,
    summary: `Over ${formatValue(told, "s")}, ${pass.rounds.length} rounds${first === null ? "" : `, from ${formatValue(first, "bytes")} of memory remaining`}${total === null ? "" : `, with ${formatValue(total, "bytes")} of disk`}: ${curves.map(({ name }) => name).join(", ")}.`,
  };
}

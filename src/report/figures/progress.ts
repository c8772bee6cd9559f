/** The migration's course: what remains, how fast it is sent and how fast it is dirtied, round by round. */
import type { EChartsOption } from "echarts";
import type { PassResult, PassSeries } from "../../model/result.ts";
import { formatValue } from "../format.ts";
import { BASE, blackoutBand, type Figure, seconds, timeAxis, valueAxis } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";
import { thinSamples } from "./thinning.ts";

type Sample = PassSeries["progress"][number];

interface Curve {
  readonly field: "remaining" | "throughput" | "dirtyRate" | "throttle";
  readonly name: string;
  readonly unit: string;
  readonly factor: number;
  readonly ink: Ink;
}

const CURVES: readonly Curve[] = [
  { field: "remaining", name: "memory remaining", unit: "MiB", factor: 2 ** 20, ink: "source" },
  { field: "throughput", name: "throughput", unit: "Mb/s", factor: 1e6, ink: "destination" },
  { field: "dirtyRate", name: "dirty rate", unit: "MiB/s", factor: 2 ** 20, ink: "held" },
  { field: "throttle", name: "vCPU throttle", unit: "%", factor: 0.01, ink: "lost-there" },
];

const PLOT = 104;
const GAP = 38;

/** Which rounds carry their number: all, unless they follow each other so fast that the labels would overlap. */
function labelledRounds(rounds: PassResult["rounds"], distance: number): number[] {
  let last = Number.NEGATIVE_INFINITY;
  return rounds.flatMap(({ round, start }) => {
    if (start - last < distance) return [];
    last = start;
    return [round];
  });
}

/** @returns undefined when the hypervisor told nothing on the way. */
export function progressFigure(pass: Pick<PassResult, "rounds">, series: PassSeries, budget = 600): Figure | undefined {
  const curves = CURVES.filter(({ field }) => series.progress.some((sample) => sample[field] !== null));
  if (curves.length === 0) return undefined;
  const samples = thinSamples(series.progress, budget, (sample, previous) => sample.round !== previous?.round);
  const times = series.progress.map(({ t }) => t);
  const { marks } = series;
  const from = Math.min(0, ...times.slice(0, 1));
  const to = Math.max(times.at(-1) ?? 0, marks.end ?? 0, marks.resume ?? 0);
  const point = (sample: Sample, { field, factor }: Curve) => {
    const value = sample[field];
    return [seconds(sample.t), value === null ? null : Number((value / factor).toPrecision(6))];
  };
  const labelled = new Set(labelledRounds(pass.rounds, (to - from) / 14));
  const roundLines = (labels: boolean) => ({
    silent: true,
    symbol: "none",
    lineStyle: { color: LIGHT.muted, type: "dashed", width: 1 },
    label: { show: labels, formatter: "{b}", color: LIGHT.muted, fontSize: 12, position: "end", distance: 20 },
    data: pass.rounds.map(({ round, start }) => ({
      xAxis: seconds(start),
      name: !labelled.has(round) ? "" : round === pass.rounds[0]?.round ? `round ${round}` : `${round}`,
    })),
  });
  const option = {
    ...BASE,
    tooltip: { ...BASE.tooltip, trigger: "axis" },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: curves.map((_, index) => ({ left: 82, right: 22, top: 46 + index * (PLOT + GAP), height: PLOT })),
    xAxis: curves.map((_, gridIndex) =>
      timeAxis({ gridIndex, labels: gridIndex === curves.length - 1, min: from, max: to }),
    ),
    yAxis: curves.map(({ name, unit }, index) => valueAxis(index, name, unit)),
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
      markLine: roundLines(index === 0),
    })),
  };
  const first = series.progress.find((sample) => sample.remaining !== null)?.remaining ?? null;
  return {
    option: option as unknown as EChartsOption,
    height: 46 + curves.length * (PLOT + GAP) + 16,
    summary: `Over ${formatValue(to - from, "s")}, ${pass.rounds.length} rounds${first === null ? "" : `, from ${formatValue(first, "bytes")} of memory remaining`}: ${curves.map(({ name }) => name).join(", ")}.`,
  };
}

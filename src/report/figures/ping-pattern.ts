/** The ping pattern (the paper's Figure 3): what became of every probe around the outage. */
import type { EChartsOption } from "echarts";
import type { PassResult, PassSeries, ProbeFate } from "../../model/result.ts";
import { FATE_LABELS } from "../catalogue.ts";
import { formatMeasurement, formatValue } from "../format.ts";
import { FATES, LOOKS, lostLanes } from "./fates.ts";
import { BASE, blackoutBand, type Figure, laneAxis, milliseconds, type Span, seconds, timeAxis } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";
import { splitRuns, thinProbes } from "./thinning.ts";

export interface PingPatternInput {
  readonly pass: Pick<PassResult, "outages" | "outageThreshold" | "measurements">;
  readonly series: PassSeries;
  /** What is seen at first; the whole pass can be reached by zooming out. Without it the whole pass is drawn. */
  readonly window?: Span | undefined;
  /** Ordinary probes to draw at most; all others are drawn in any case. */
  readonly budget: number;
}

/** The part of a pass that shows the outage with as much again on both sides; undefined when nothing happened. */
export function windowAround(pass: Pick<PassResult, "outages">, marks: PassSeries["marks"]): Span | undefined {
  // What matters is the outage around the blackout; hiccups of the rest of the migration would only make it small.
  const outages = pass.outages.filter(({ kind }) => kind === "outage");
  const around = outages.filter(({ during }) => during === "blackout");
  const main = around.length > 0 ? around : outages.filter(({ during }) => during === "migration");
  const moments = main.flatMap(({ begin, end }) => [begin.low, end.high]);
  if (marks.stop !== null) moments.push(marks.stop);
  if (marks.resume !== null) moments.push(marks.resume);
  if (moments.length === 0) return undefined;
  const from = Math.min(...moments);
  const to = Math.max(...moments);
  const margin = Math.max((to - from) * 0.5, 0.03);
  return { from: from - margin, to: to + margin };
}

/** The slider in the figure's own inks: its default blue would vanish on dark ground. */
const SLIDER = {
  borderColor: LIGHT.muted,
  backgroundColor: LIGHT.ground,
  fillerColor: LIGHT.band,
  showDataShadow: false,
  handleStyle: { color: LIGHT.ground, borderColor: LIGHT.text },
  moveHandleStyle: { color: LIGHT.muted },
  emphasis: { handleStyle: { borderColor: LIGHT.source }, moveHandleStyle: { color: LIGHT.source } },
};
const GRID = { left: 100, right: 18 } as const;

/** Two rows above the points: how long it was, for the client and for the vCPUs. */
function spans({ pass, series: { marks } }: PingPatternInput): NonNullable<EChartsOption["series"]> & unknown[] {
  const bar = (
    name: string,
    lane: string,
    from: number,
    to: number,
    ink: Ink,
    width: number,
    opacity: number,
    label = "",
  ) => ({
    type: "line" as const,
    name,
    xAxisIndex: 0,
    yAxisIndex: 0,
    symbol: "circle",
    symbolSize: 0.01,
    showAllSymbol: true,
    clip: true,
    silent: true,
    lineStyle: { color: LIGHT[ink], width, opacity, cap: "butt" as const },
    data: [
      { value: [seconds(from), lane] },
      {
        value: [seconds((from + to) / 2), lane],
        label: {
          show: label !== "",
          position: "top" as const,
          distance: 9,
          formatter: label.replace(/[{}]/gu, ""),
          color: LIGHT.text,
          fontSize: 13,
        },
      },
      { value: [seconds(to), lane] },
    ],
  });
  // A delay is no outage: the late probes themselves show it.
  const outages = pass.outages.filter(({ kind }) => kind === "outage");
  // One label: those of short outages close to each other would lie on top of each other; the table has them all.
  const longest = outages.reduce((most, { duration }) => Math.max(most, duration.value ?? 0), 0);
  const labelOf = ({ duration }: PassResult["outages"][number]): string =>
    duration.value === longest ? formatMeasurement(duration) : "";
  const rows = outages.flatMap((outage) => {
    const name = `outage of probes ${outage.firstSequence} to ${outage.lastSequence}`;
    return [
      bar(name, "downtime", outage.begin.low, outage.end.high, "downtime", 4, 0.5),
      bar(name, "downtime", outage.begin.high, outage.end.low, "downtime", 12, 1, labelOf(outage)),
    ];
  });
  if (marks.stop !== null && marks.resume !== null)
    rows.push(
      bar(
        "blackout",
        "blackout",
        marks.stop,
        marks.resume,
        "blackout",
        12,
        1,
        formatValue(marks.resume - marks.stop, "s"),
      ),
    );
  return rows;
}

function points(input: PingPatternInput, lanes: readonly string[]): unknown[] {
  const probes = input.series.probes!;
  const kept = thinProbes(probes, input.budget, input.pass.outageThreshold?.value ?? Number.POSITIVE_INFINITY);
  return FATES.flatMap((fate) => {
    const look = LOOKS[fate];
    const indices = kept.filter((index) => probes.fate[index] === fate);
    if (indices.length === 0) return [];
    const lost = look.lane !== undefined;
    const { single, bars } = lost ? splitRuns(indices) : { single: indices, bars: [] };
    const lane = lost ? lanes.indexOf(look.lane) : -1;
    const solid = {
      type: "line" as const,
      name: FATE_LABELS[fate],
      xAxisIndex: 2,
      yAxisIndex: 2,
      symbol: "none",
      silent: true,
      lineStyle: {
        color: LIGHT[look.ink],
        width: Array.isArray(look.size) ? look.size[1] : look.size,
        cap: "butt" as const,
      },
      data: bars.flatMap(([from, to]) => [
        [seconds(probes.sent[from]!), lane],
        [seconds(probes.sent[to]!), lane],
        [null, null],
      ]),
    };
    return [
      ...(bars.length > 0 ? [solid] : []),
      {
        type: "scatter" as const,
        name: FATE_LABELS[fate],
        xAxisIndex: lost ? 2 : 1,
        yAxisIndex: lost ? 2 : 1,
        symbol: look.symbol,
        symbolSize: look.size,
        itemStyle: { color: LIGHT[look.ink], opacity: 1 },
        dimensions: ["sent, s", lost ? "fate" : "round trip, ms", "sequence"],
        encode: { x: 0, y: 1, tooltip: lost ? [2, 0] : [2, 0, 1] },
        data: single.map((index) => [
          seconds(probes.sent[index]!),
          lost ? lane : Math.max(milliseconds(probes.rtt[index]!), 0.001),
          probes.sequence[index]!,
        ]),
      },
    ];
  });
}

function summarise({ pass, series }: PingPatternInput): string {
  const count = new Map<ProbeFate, number>();
  for (const fate of series.probes!.fate) count.set(fate, (count.get(fate) ?? 0) + 1);
  const fates = FATES.filter((fate) => count.has(fate)).map((fate) => `${count.get(fate)} ${FATE_LABELS[fate]}`);
  return `Round-trip time of each probe over the time it was sent: ${fates.join(", ")}. Downtime ${formatMeasurement(pass.measurements.downtime)}, blackout ${formatMeasurement(pass.measurements.blackout)}.`;
}

/** @returns undefined when the pass was not probed. */
export function pingPattern(input: PingPatternInput): Figure | undefined {
  const probes = input.series.probes;
  if (probes === null || probes.fate.length === 0) return undefined;
  const lanes = lostLanes(probes.fate);
  const answered = probes.rtt.filter((rtt) => rtt > 0);
  const smallest = answered.reduce((a, b) => Math.min(a, b), 1e-3);
  const largest = answered.reduce((a, b) => Math.max(a, b), 1e-2);
  const from = probes.sent[0]!;
  const to = probes.sent[probes.sent.length - 1]!;
  const spansHeight = 84;
  const pointsHeight = 230;
  const lanesHeight = lanes.length * 30;
  const top = 8;
  const lanesTop = top + spansHeight + pointsHeight + 20;
  const controls = input.window ? 44 : 0;
  const height = lanesTop + lanesHeight + 52 + controls;
  const band = blackoutBand(input.series.marks);
  const carrier = (index: number) => ({
    type: "line" as const,
    xAxisIndex: index,
    yAxisIndex: index,
    data: [],
    silent: true,
    ...band,
  });
  const option = {
    ...BASE,
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [
      { ...GRID, top, height: spansHeight },
      { ...GRID, top: top + spansHeight + 10, height: pointsHeight },
      { ...GRID, top: lanesTop, height: lanesHeight },
    ],
    xAxis: [0, 1, 2].map((gridIndex) => timeAxis({ gridIndex, labels: gridIndex === 2, min: from, max: to })),
    yAxis: [
      laneAxis(0, ["downtime", "blackout"]),
      {
        type: "log" as const,
        gridIndex: 1,
        name: "round-trip time (log scale)",
        nameLocation: "middle" as const,
        nameGap: 62,
        nameTextStyle: { color: LIGHT.muted, fontSize: 12 },
        min: 10 ** Math.floor(Math.log10(smallest * 1e3)),
        max: 10 ** Math.ceil(Math.log10(largest * 1e3)),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { color: LIGHT.muted, fontSize: 12, formatter: "{value} ms" },
        splitLine: { lineStyle: { color: LIGHT.grid } },
      },
      laneAxis(2, lanes),
    ],
    dataZoom: input.window
      ? (["inside", "slider"] as const).map((type) => ({
          type,
          xAxisIndex: [0, 1, 2],
          filterMode: "none" as const,
          startValue: Math.max(from, seconds(input.window!.from)),
          endValue: Math.min(to, seconds(input.window!.to)),
          ...(type === "inside"
            ? { zoomOnMouseWheel: "ctrl" as const, preventDefaultMouseMove: false }
            : {
                bottom: 10,
                height: 26,
                labelPrecision: 3,
                brushSelect: false,
                ...SLIDER,
                textStyle: { color: LIGHT.muted },
              }),
        }))
      : [],
    series: [...spans(input), ...[0, 1, 2].map(carrier), ...points(input, lanes)],
  };
  return { option: option as EChartsOption, height, controls, summary: summarise(input) };
}

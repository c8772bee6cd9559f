/**
 * Scenarios of several kinds of migration beside each other (the paper's Figure 12): where the time of each went, part by
 * part, and where in it clients were not answered.
 */
import type { EChartsOption } from "echarts";
import type { Outage, TrialResult } from "../../model/result.ts";
import { type Compared, probedOf, severalOutages, totalOf } from "../comparison.ts";
import { formatMeasurement, formatValue } from "../format.ts";
import { BASE, type Figure, namedRows, seconds, timeAxis } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";
import { PART_LOOKS, type Segment, type Stretch, segmentsOf } from "./part-looks.ts";

const ROW = 36;

interface Row {
  readonly label: string;
  readonly bars: readonly { readonly from: number; readonly to: number; readonly ink: Ink; readonly width: number }[];
  /** Seconds, of every repetition. */
  readonly points: readonly number[];
}

/** What a figure of these scenarios draws, for its legend. */
export const stretchesIn = (scenarios: readonly Compared[]): Stretch[] => {
  const found = new Set(scenarios.flatMap((one) => segments(one)).map(({ stretch }) => stretch));
  return (Object.keys(PART_LOOKS) as Stretch[]).filter((stretch) => found.has(stretch));
};

function segments({ shown }: Compared): Segment[] {
  const pass = shown && probedOf(shown);
  return shown && pass ? segmentsOf(pass.parts, totalOf(shown), shown.definition.migration) : [];
}

/** Two rows per scenario: the whole migration, and what clients saw of it. */
function rowsOf(scenario: Compared): Row[] {
  const { shown, ended, trials } = scenario;
  if (!shown) {
    const why = trials.map(({ status }) => status).join(", ");
    return [{ label: `${scenario.scenario}: none of ${trials.length} completed (${why})`, bars: [], points: [] }];
  }
  const which = ended.length > 1 ? `, the middle one of ${ended.length}` : "";
  const failed = trials.length > ended.length ? `; ${trials.length - ended.length} did not complete` : "";
  const outages = (probedOf(shown)?.outages ?? []).filter(
    ({ kind, during }) => kind === "outage" && (during === "migration" || during === "blackout"),
  );
  return [
    {
      label: `${scenario.scenario}: ${formatValue(totalOf(shown)!, "s")}${which}${failed}`,
      bars: segments(scenario).map(({ stretch, from, to }) => ({ from, to, ink: PART_LOOKS[stretch].ink, width: 14 })),
      points: ended.length > 1 ? ended.map((trial) => totalOf(trial)!) : [],
    },
    {
      label: `its downtime: ${formatMeasurement(shown.measurements.downtime)}${allOutages(shown)}`,
      bars: outages.flatMap(outageBars),
      points: [],
    },
  ];
}

/** The downtime is one outage; where there were more, clients missed the VM for longer. */
function allOutages(trial: TrialResult): string {
  const { downtimeTotal } = trial.measurements;
  return severalOutages(trial) && downtimeTotal ? `; all outages: ${formatMeasurement(downtimeTotal)}` : "";
}

/** Thin where it may have been, thick where it surely was. */
const outageBars = ({ begin, end }: Outage): Row["bars"] => [
  { from: begin.low, to: end.high, ink: "downtime", width: 4 },
  { from: begin.high, to: Math.max(begin.high, end.low), ink: "downtime", width: 10 },
];

/** @returns undefined when nothing has a length. */
export function comparisonFigure(scenarios: readonly Compared[]): Figure | undefined {
  const rows = scenarios.flatMap(rowsOf);
  const most = Math.max(0, ...rows.flatMap(({ bars, points }) => [...bars.map(({ to }) => to), ...points]));
  if (most === 0) return undefined;
  // Neighbours are kept apart, and what is too short to be seen is drawn at least this long.
  const least = most / 300;
  const bars = rows.flatMap((row, index) =>
    row.bars.map(({ from, to, ink, width }) => ({
      type: "line",
      name: row.label,
      symbol: "none",
      silent: true,
      lineStyle: { color: LIGHT[ink], width, cap: "butt" },
      data: [
        [seconds(from), index],
        [seconds(Math.max(from + least, to - least / 2)), index],
      ],
    })),
  );
  const points = rows.flatMap(({ points: own }, index) => own.map((total) => [seconds(total), index]));
  const option = {
    ...BASE,
    grid: { left: 12, right: 18, top: 8, height: rows.length * ROW, outerBoundsMode: "none" },
    xAxis: timeAxis({ min: 0, max: most * 1.02 }),
    yAxis: namedRows(rows.map(({ label }) => label)),
    series: [
      ...bars,
      {
        type: "scatter",
        name: "total time of each repetition",
        silent: true,
        symbol: "circle",
        symbolSize: 8,
        itemStyle: { color: LIGHT.ground, borderColor: LIGHT.text, borderWidth: 1.5 },
        data: points,
        z: 5,
      },
    ],
  };
  return {
    option: option as unknown as EChartsOption,
    height: rows.length * ROW + 60,
    summary: `Scenarios beside each other: ${rows.map(({ label }) => label).join("; ")}.`,
  };
}

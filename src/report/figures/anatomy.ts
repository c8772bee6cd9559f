/** The outage's anatomy: what happened between the last reply from the source and the first from the destination. */
import type { EChartsOption } from "echarts";
import type { Anatomy } from "../../model/result.ts";
import { formatValue } from "../format.ts";
import { BASE, type Figure, milliseconds, namedRows } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";

interface Row {
  readonly label: string;
  /** Milliseconds from the first mark. */
  readonly from: number;
  readonly to: number;
  readonly ink: Ink;
}

const labelOf = (anatomy: Anatomy, id: string): string => anatomy.marks.find((mark) => mark.id === id)?.label ?? id;

/** The segments one below the other, each where it lies in time; then what is unexplained, then the whole. */
function rowsOf(anatomy: Anatomy): Row[] {
  let at = 0;
  const rows: Row[] = anatomy.segments.map((segment) => {
    const from = at;
    at += segment.seconds;
    const negative = segment.seconds < 0;
    return {
      label: `${formatValue(segment.seconds, "s")} until ${labelOf(anatomy, segment.to)}`,
      from,
      to: at,
      ink: negative ? "negative" : segment.from === "stop" ? "blackout" : "neutral",
    };
  });
  if (anatomy.unexplained !== null && anatomy.unexplained > 0)
    rows.push({
      label: `${formatValue(anatomy.unexplained, "s")} of it unexplained`,
      from: at - anatomy.unexplained,
      to: at,
      ink: "held",
    });
  rows.push({
    label: `${formatValue(anatomy.total, "s")} is the sum of the segments`,
    from: 0,
    to: anatomy.total,
    ink: "downtime",
  });
  return rows;
}

const ROW = 44;

/** @returns undefined when there is nothing to take apart. */
export function anatomyFigure(anatomy: Anatomy): Figure | undefined {
  if (anatomy.segments.length === 0) return undefined;
  const rows = rowsOf(anatomy);
  const ends = rows.flatMap(({ from, to }) => [from, to]);
  const span = Math.max(...ends) - Math.min(...ends);
  // A segment of microseconds must still be seen: a hair line is drawn at least this long.
  const least = span / 300;
  const option = {
    ...BASE,
    grid: { left: 12, right: 18, top: 8, height: rows.length * ROW, outerBoundsMode: "none" },
    xAxis: {
      type: "value",
      name: `milliseconds since ${labelOf(anatomy, anatomy.segments[0]!.from)}`,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: LIGHT.muted, fontSize: 12 },
      axisLabel: { color: LIGHT.muted, fontSize: 12, hideOverlap: true },
      axisLine: { show: true, onZero: false, lineStyle: { color: LIGHT.muted } },
      splitLine: { lineStyle: { color: LIGHT.grid } },
    },
    yAxis: namedRows(rows.map(({ label }) => label)),
    series: rows.map(({ label, from, to, ink }, index) => ({
      type: "line",
      name: label,
      symbol: "none",
      silent: true,
      lineStyle: { color: LIGHT[ink], width: 12, cap: "butt" },
      data: [
        [milliseconds(from), index],
        [milliseconds(Math.abs(to - from) < least ? from + (to < from ? -least : least) : to), index],
      ],
    })),
  };
  const parts = rows.map(({ label }) => label).join("; ");
  return {
    option: option as unknown as EChartsOption,
    height: rows.length * ROW + 60,
    summary: `Outage, segment by segment: ${parts}.`,
  };
}

/** The parts of a migration in several steps, one below the other on its time axis. */
import type { EChartsOption } from "echarts";
import type { PassResult } from "../../model/result.ts";
import { formatValue } from "../format.ts";
import { BASE, blackoutBand, type Figure, namedRows, seconds, timeAxis } from "./figure.ts";
import { LIGHT } from "./palette.ts";
import { PART_LOOKS } from "./part-looks.ts";

const ROW = 36;

/** @returns undefined when it had no parts. */
export function partsFigure(
  { parts }: Pick<PassResult, "parts">,
  marks: { readonly stop: number | null; readonly resume: number | null; readonly end: number | null },
): Figure | undefined {
  const rows = parts.flatMap(({ part, start, end }) => {
    const to = end ?? marks.end;
    if (start === null || to === null) return [];
    const length = `${end === null ? "at least " : ""}${formatValue(Math.max(0, to - start), "s")}`;
    return [{ label: `${PART_LOOKS[part].label}: ${length}`, from: start, to, ink: PART_LOOKS[part].ink }];
  });
  if (rows.length === 0) return undefined;
  const most = Math.max(marks.end ?? 0, ...rows.map(({ to }) => to));
  const option = {
    ...BASE,
    grid: { left: 12, right: 18, top: 8, height: rows.length * ROW, outerBoundsMode: "none" },
    xAxis: timeAxis({ min: 0, max: most }),
    yAxis: namedRows(rows.map(({ label }) => label)),
    series: rows.map(({ label, from, to, ink }, index) => ({
      type: "line",
      name: label,
      symbol: "none",
      silent: true,
      lineStyle: { color: LIGHT[ink], width: 10, cap: "butt" },
      data: [
        [seconds(from), index],
        [seconds(Math.max(to, from + most / 300)), index],
      ],
      ...(index === 0 ? blackoutBand(marks) : {}),
    })),
  };
  return {
    option: option as unknown as EChartsOption,
    height: rows.length * ROW + 60,
    summary: `Parts of the migration in order: ${rows.map(({ label }) => label).join("; ")}.`,
  };
}

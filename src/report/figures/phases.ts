/** The phases of a pass on its time axis: where the time of a trial goes outside of the migration. */
import type { EChartsOption } from "echarts";
import type { PassResult } from "../../model/result.ts";
import { formatValue } from "../format.ts";
import { BASE, type Figure, namedRows, seconds, timeAxis } from "./figure.ts";
import { type Ink, LIGHT } from "./palette.ts";

const ROW = 36;
const INKS: Readonly<Record<PassResult["phases"][number]["outcome"], Ink>> = {
  done: "neutral",
  skipped: "muted",
  failed: "lost",
  interrupted: "held",
};

/** @returns undefined when no phase was recorded. */
export function phasesFigure(phases: PassResult["phases"]): Figure | undefined {
  if (phases.length === 0) return undefined;
  const from = Math.min(...phases.map(({ start }) => start));
  const to = Math.max(...phases.map((phase) => phase.start + phase.seconds));
  const least = (to - from) / 300;
  const labels = phases.map(
    ({ name, seconds: length, outcome }) =>
      `${name.replaceAll("-", " ")}: ${formatValue(length, "s")}${outcome === "done" ? "" : `, ${outcome}`}`,
  );
  const option = {
    ...BASE,
    grid: { left: 12, right: 18, top: 8, height: phases.length * ROW, outerBoundsMode: "none" },
    xAxis: {
      ...timeAxis({ min: from, max: to }),
      // Before a migrate command there is nothing else to count from.
      ...(phases.some(({ name, outcome }) => name === "migrate" && outcome !== "skipped")
        ? {}
        : { name: "seconds since the first phase began" }),
    },
    yAxis: namedRows(labels),
    series: phases.map((phase, index) => ({
      type: "line",
      name: labels[index],
      symbol: "none",
      silent: true,
      lineStyle: {
        color: LIGHT[phase.name === "migrate" && phase.outcome === "done" ? "destination" : INKS[phase.outcome]],
        width: 10,
        cap: "butt",
      },
      data: [
        [seconds(phase.start), index],
        [seconds(phase.start + Math.max(phase.seconds, least)), index],
      ],
    })),
  };
  return {
    option: option as unknown as EChartsOption,
    height: phases.length * ROW + 60,
    summary: `Phases in order: ${labels.join("; ")}.`,
  };
}

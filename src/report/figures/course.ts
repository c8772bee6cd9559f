/** What the figures of a migration's course share: one time axis, the lines that begin a round, and how they are zoomed. */
import type { PassResult, PassSeries } from "../../model/result.ts";
import { type Span, seconds } from "./figure.ts";
import { LIGHT } from "./palette.ts";

/** Both sides of the plots in pixels: what lies below each other must be of the same time. */
export const SIDES = { left: 82, right: 22 } as const;

/**
 * From the migrate command to the migration's end. Where workloads were recorded, a quarter of that more on both sides, as
 * far as they were: what the guest lost is seen only beside what it had.
 */
export function courseSpan({ progress, marks, workloads }: PassSeries): Span {
  const from = Math.min(0, progress[0]?.t ?? 0);
  const to = Math.max(progress.at(-1)?.t ?? 0, marks.end ?? 0, marks.resume ?? 0);
  const begins = workloads.flatMap(({ start }) => start[0] ?? []);
  const ends = workloads.flatMap(({ end }) => end.at(-1) ?? []);
  if (begins.length === 0) return { from, to };
  const room = Math.max((to - from) / 4, 0.5);
  return {
    from: Math.min(from, Math.max(from - room, Math.min(...begins))),
    to: Math.max(to, Math.min(to + room, Math.max(...ends))),
  };
}

/** Which rounds carry their number: all, unless they follow each other so fast that the labels would overlap. */
function labelledRounds(rounds: PassResult["rounds"], distance: number): number[] {
  let last = Number.NEGATIVE_INFINITY;
  return rounds.flatMap(({ round, start }) => {
    if (start - last < distance) return [];
    last = start;
    return [round];
  });
}

/** A dashed line where each round begins; `labels`: with its number above the plot. */
export function roundLines(rounds: PassResult["rounds"], { from, to }: Span, labels: boolean) {
  const labelled = new Set(labelledRounds(rounds, (to - from) / 14));
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: LIGHT.muted, type: "dashed", width: 1 },
    label: { show: labels, formatter: "{b}", color: LIGHT.muted, fontSize: 12, position: "end", distance: 20 },
    data: rounds.map(({ round, start }) => ({
      xAxis: seconds(start),
      name: !labelled.has(round) ? "" : round === rounds[0]?.round ? `round ${round}` : `${round}`,
    })),
  };
}

/** The whole at first; nearer with Ctrl and the wheel, or with the page's buttons. */
export const courseZoom = (plots: number) => [
  {
    type: "inside" as const,
    xAxisIndex: Array.from({ length: plots }, (_, index) => index),
    filterMode: "none" as const,
    zoomOnMouseWheel: "ctrl" as const,
    preventDefaultMouseMove: false,
  },
];

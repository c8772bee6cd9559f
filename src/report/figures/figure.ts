/** What every figure has in common: an option that is plain data, and how axes look. */
import type { EChartsOption } from "echarts";
import { LIGHT } from "./palette.ts";

/** A figure, described once: drawn as SVG without a browser and made interactive in the page from the same `option`. */
export interface Figure {
  /** Plain JSON: no functions, no dates, so that the page can receive it as text. */
  readonly option: EChartsOption;
  /** Pixels; the width is whatever there is. */
  readonly height: number;
  /** Pixels at the bottom that only controls need: they are cut off where nothing can be moved. */
  readonly controls?: number;
  /** What a person who cannot see it needs to know. */
  readonly summary: string;
}

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** Microseconds are the finest that anything here was measured in; more digits would only make the page larger. Never −0. */
export const seconds = (value: number): number => Math.round(value * 1e6) / 1e6 + 0;
export const milliseconds = (value: number): number => Math.round(value * 1e6) / 1e3 + 0;

/** Settings of every figure. No animation: the static drawing would otherwise hold its first frame. */
export const BASE = {
  animation: false,
  backgroundColor: "transparent",
  textStyle: { fontFamily: FONT, color: LIGHT.text },
  // Rich text is painted, not parsed: a name with markup in it cannot become markup.
  tooltip: {
    trigger: "item",
    renderMode: "richText",
    confine: true,
    backgroundColor: LIGHT.ground,
    borderColor: LIGHT.muted,
    textStyle: { color: LIGHT.text, fontSize: 12 },
  },
} as const satisfies EChartsOption;

const NAME = { color: LIGHT.muted, fontSize: 12 } as const;

/** The axis that all figures over time share. */
export function timeAxis(options: { gridIndex?: number; labels?: boolean; min?: number; max?: number } = {}) {
  const { gridIndex = 0, labels = true, min, max } = options;
  return {
    type: "value" as const,
    gridIndex,
    scale: true,
    ...(min === undefined ? {} : { min: seconds(min) }),
    ...(max === undefined ? {} : { max: seconds(max) }),
    name: labels ? "seconds since the migrate command" : "",
    nameLocation: "middle" as const,
    nameGap: 28,
    nameTextStyle: NAME,
    axisLine: { show: true, onZero: false, lineStyle: { color: LIGHT.muted } },
    axisTick: { show: labels },
    // The ends of a zoomed axis are no round numbers, and their labels would run into their neighbours.
    axisLabel: {
      show: labels,
      color: LIGHT.muted,
      fontSize: 12,
      hideOverlap: true,
      showMinLabel: false,
      showMaxLabel: false,
    },
    splitLine: { show: true, lineStyle: { color: LIGHT.grid } },
  };
}

export function valueAxis(gridIndex: number, name: string, unit: string) {
  return {
    type: "value" as const,
    gridIndex,
    name,
    nameLocation: "end" as const,
    nameGap: 8,
    nameTextStyle: { ...NAME, align: "left" as const },
    min: 0,
    splitNumber: 3,
    // At the plot's left side also where time begins before zero: its name would otherwise stand in the midst of the plot.
    axisLine: { show: false, onZero: false },
    axisTick: { show: false },
    axisLabel: { color: LIGHT.muted, fontSize: 12, formatter: `{value} ${unit}`, hideOverlap: true },
    splitLine: { lineStyle: { color: LIGHT.grid } },
  };
}

/** A category axis whose rows carry the names of what lies in them, the first row on top. */
export function laneAxis(gridIndex: number, lanes: readonly string[]) {
  return {
    type: "category" as const,
    gridIndex,
    data: [...lanes],
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: LIGHT.text, fontSize: 12, interval: 0 },
    splitLine: { show: false },
  };
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The band from STOP to RESUME behind the points of a grid; nothing when either is unknown. */
export function blackoutBand(marks: { readonly stop: number | null; readonly resume: number | null }) {
  if (marks.stop === null || marks.resume === null) return {};
  return {
    markArea: {
      silent: true,
      itemStyle: { color: LIGHT.band, opacity: 0.75 },
      data: [[{ xAxis: seconds(marks.stop) }, { xAxis: seconds(marks.resume) }]] as [
        { xAxis: number },
        { xAxis: number },
      ][],
    },
  };
}

/** A row per name, from the top; each name above its bar, inside the plot: on a phone there is no room beside it. */
export function namedRows(names: readonly string[]) {
  return {
    type: "category" as const,
    inverse: true,
    data: [...names],
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      inside: true,
      interval: 0,
      margin: 4,
      verticalAlign: "bottom" as const,
      padding: [0, 0, 11, 0],
      color: LIGHT.text,
      fontSize: 12,
    },
    z: 10,
  };
}

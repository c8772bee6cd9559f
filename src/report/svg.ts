/** Figures as SVG text, drawn without a browser: the same figure gives the same bytes. */
import * as echarts from "echarts";
import type { Figure } from "./figures/figure.ts";
import { INKS, LIGHT, variableOf } from "./figures/palette.ts";

export interface SvgOptions {
  /** Pixels; default 960. */
  readonly width?: number;
  /** Prefix of every id inside, so that many figures fit on one page. Letters, digits and dashes. */
  readonly id: string;
  /** Colours as CSS variables (`--fig-…`), with the light palette where a page defines none. Default: the light palette. */
  readonly themed?: boolean;
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeXml = (text: string): string => text.replace(/[&<>"]/gu, (character) => ESCAPES[character]!);

/**
 * Points of a scatter differ only in where they lie: each shape is written once and used often, which makes the drawing of
 * a long outage several times smaller.
 */
function shareSymbols(svg: string, id: string): string {
  const shapes = new Map<string, string>();
  const body = svg.replace(
    /<path d="([^"]+)" transform="matrix\(([^,"]+),0,0,([^,"]+),([^,"]+),([^,"]+)\)" fill="([^"]*)"([^>]*)><\/path>/gu,
    (_, d: string, scaleX: string, scaleY: string, x: string, y: string, fill: string, rest: string) => {
      const shape = `<path d="${d}" transform="scale(${scaleX} ${scaleY})" fill="${fill}"${rest}/>`;
      let name = shapes.get(shape);
      if (name === undefined) {
        name = `${id}-s${shapes.size}`;
        shapes.set(shape, name);
      }
      return `<use href="#${name}" x="${Number(x).toFixed(1)}" y="${Number(y).toFixed(1)}"/>`;
    },
  );
  const definitions = [...shapes].map(([shape, name]) => `<g id="${name}">${shape}</g>`).join("\n");
  return definitions === "" ? body : body.replace("</svg>", `<defs>\n${definitions}\n</defs>\n</svg>`);
}

/** Takes out what only a live chart needs, and the counters of the library that differ from drawing to drawing. */
function settle(svg: string, id: string): string {
  return svg
    .replace(/<style >[\s\S]*?<\/style>\n?/gu, "")
    .replace(/ class="zr\d+-cls-\d+"/gu, "")
    .replace(/ ecmeta_[a-z_]+="[^"]*"/gu, "")
    .replace(/ pointer-events="visible"/gu, "")
    .replace(/(id="|url\(#)zr\d+-/gu, `$1${id}-`);
}

function withVariables(svg: string): string {
  const inks = new Map(INKS.map((ink) => [LIGHT[ink], ink]));
  return svg.replace(/(fill|stroke)="(#[0-9a-f]{6})"/gu, (attribute, name: string, colour: string) => {
    const ink = inks.get(colour);
    return ink === undefined ? attribute : `${name}="var(${variableOf(ink)}, ${colour})"`;
  });
}

/** @returns one `<svg>` element with a title for those who cannot see it. */
export function renderSvg(figure: Figure, { width = 960, id, themed = false }: SvgOptions): string {
  const height = figure.height - (figure.controls ?? 0);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(figure.option);
    // The slider is a control; on paper it would only be a riddle.
    chart.setOption({ dataZoom: [{}, { show: false }].slice(0, zooms(figure)) });
    const drawn = shareSymbols(settle(chart.renderToSVGString(), id), id);
    const titled = drawn.replace(
      /^<svg width="\d+" height="\d+"([^>]*)>/u,
      `<svg$1 role="img" aria-labelledby="${id}-title"><title id="${id}-title">${escapeXml(figure.summary)}</title>`,
    );
    return themed ? withVariables(titled) : titled;
  } finally {
    chart.dispose();
  }
}

const zooms = (figure: Figure): number => (Array.isArray(figure.option.dataZoom) ? figure.option.dataZoom.length : 0);

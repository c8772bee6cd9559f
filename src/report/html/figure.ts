/** A figure on the page: the static drawing, and the same description as data for the page's script. */

import type { ProbeFate } from "../../model/result.ts";
import { FATE_LABELS } from "../catalogue.ts";
import { FATES, LOOKS } from "../figures/fates.ts";
import type { Figure } from "../figures/figure.ts";
import { type Ink, LIGHT, variableOf } from "../figures/palette.ts";
import { LINES, type LineId } from "../figures/workload-lines.ts";
import { renderSvg } from "../svg.ts";
import { type Html, html, type Part, scriptJson, trusted } from "./html.ts";

/**
 * Figures of one `group` are zoomed together.
 * @returns nothing for a figure that has nothing to show; whoever asks says so in words.
 */
export function figureBlock(figure: Figure | undefined, id: string, caption: Part, group?: string): Html {
  if (figure === undefined) return html``;
  const svg = trusted(renderSvg(figure, { id, themed: true }));
  return html`<figure id="${id}" class="chart" data-height="${figure.height}"${group === undefined ? "" : html` data-group="${group}"`}>
<div class="static scroll" tabindex="0" role="group" aria-label="${caption}">${svg}</div>
<figcaption>${caption}</figcaption>
<script type="application/json">${scriptJson({ option: figure.option, summary: figure.summary })}</script>
</figure>`;
}

const SHAPES: Readonly<Record<string, string>> = {
  circle: `<circle cx="8" cy="8" r="4"/>`,
  diamond: `<path d="M8 3l5 5-5 5-5-5z"/>`,
  triangle: `<path d="M8 3l5 9H3z"/>`,
  rect: `<path d="M3 2h2v12H3zM7 2h2v12H7zM11 2h2v12h-2z"/>`,
};

/** Which mark means which fate, with how many probes met it. */
export function fateLegend(fates: Partial<Record<ProbeFate, number>>): Html {
  const present = FATES.filter((fate) => (fates[fate] ?? 0) > 0);
  return html`<ul class="fates" aria-label="What became of the probes">${present.map((fate) => {
    const { symbol, ink } = LOOKS[fate];
    const mark = trusted(
      `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="var(${variableOf(ink)}, ${LIGHT[ink]})">${SHAPES[symbol]}</svg>`,
    );
    return html`<li>${mark} ${FATE_LABELS[fate]}: ${fates[fate]!}</li>`;
  })}</ul>`;
}

const legend = (what: string, items: readonly (readonly [string, Html])[]): Html =>
  html`<ul class="fates" aria-label="${what}">${items.map(([label, mark]) => html`<li>${mark} ${label}</li>`)}</ul>`;
const DASHES = { solid: "", dashed: "5 3", dotted: "2 3" } as const;
const colourOf = (ink: Ink): string => `var(${variableOf(ink)}, ${LIGHT[ink]})`;

/** Which stroke means what. */
export const lineLegend = (lines: readonly LineId[]): Html =>
  legend(
    "What the lines mean",
    lines.map((line) => {
      const { label, ink, width, type } = LINES[line];
      const mark = `<svg viewBox="0 0 28 16" width="28" height="16" aria-hidden="true"><path d="M0 8h28" fill="none" stroke="${colourOf(ink)}" stroke-width="${width}" stroke-dasharray="${DASHES[type]}"/></svg>`;
      return [label, trusted(mark)] as const;
    }),
  );

/** Which bar means what. */
export const barLegend = (bars: readonly (readonly [string, Ink])[]): Html =>
  legend(
    "What the bars mean",
    bars.map(
      ([label, ink]) =>
        [
          label,
          trusted(
            `<svg viewBox="0 0 28 16" width="28" height="16" aria-hidden="true" fill="${colourOf(ink)}"><path d="M0 5h28v7H0z"/></svg>`,
          ),
        ] as const,
    ),
  );

/** `report.html`: one file that opens from disk, needs no network, and is readable without scripts and on paper. */
import type { PassSeries, Result } from "../../model/result.ts";
import { comparisonSection } from "./comparison.ts";
import { answer, testConditions, times, warnings } from "./front.ts";
import { html } from "./html.ts";
import { page } from "./page.ts";
import { trialId } from "./parts.ts";
import { trialSection } from "./trial.ts";

/** Ordinary probes drawn in all figures of a kind together: the file stays small however many trials there are. */
const DRAWN_PROBES = 24_000;

/**
 * The same result and series give the same bytes. Points are thinned for drawing only; every number comes from `result`.
 * @param series what the figures draw, in any order; a pass without one gets its tables and no curves.
 */
export function renderReport(result: Result, series: readonly PassSeries[]): string {
  const budget = Math.max(200, Math.min(4000, Math.floor(DRAWN_PROBES / Math.max(1, result.trials.length))));
  const contents =
    result.trials.length > 1
      ? html`<nav aria-label="Trials"><ul class="trials">${result.trials.map((trial, index) => html`<li><a href="#${trialId(index)}">${trial.id}</a></li>`)}</ul></nav>`
      : "";
  return page({
    title: `Migrascope: ${result.run.plan}, ${result.run.started}`,
    body: html`<header><h1>Live migration, measured: ${result.run.plan}</h1>
<p class="subtitle">${result.run.description}</p>
<p class="subtitle">Run <code>${result.run.id}</code></p></header>
<main>
${warnings(result)}
${answer(result)}
${times(result)}
${comparisonSection(result)}
${testConditions(result)}
${contents}
${result.trials.map((trial, index) => trialSection({ trial, index, series, budget }))}
</main>
<footer><p>Made by ${result.run.tool}. Figures are drawn with Apache ECharts (Apache License 2.0).</p></footer>`,
  });
}

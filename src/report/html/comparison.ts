/** Kinds of migration beside each other, wherever a run holds more than one. */
import type { Result } from "../../model/result.ts";
import { allInWords, type Compared, compared, probedOf, totalOf } from "../comparison.ts";
import { comparisonFigure, stretchesIn } from "../figures/comparison.ts";
import { downtimesFigure } from "../figures/downtimes.ts";
import type { Ink } from "../figures/palette.ts";
import { PART_LOOKS, segmentsOf } from "../figures/part-looks.ts";
import { formatValue } from "../format.ts";
import { severalKinds } from "../movement.ts";
import { barLegend, figureBlock } from "./figure.ts";
import { type Html, html, table } from "./html.ts";
import { named, number } from "./parts.ts";

const COLUMNS = ["totalTime", "downtime", "downtimeTotal", "blackout", "outOfService", "transferred"] as const;

/** Nothing where all migrations are of one kind. */
export function comparisonSection(result: Result): Html {
  if (!severalKinds(result.trials)) return html``;
  const scenarios = compared(result);
  const legend = [
    ...stretchesIn(scenarios).map((stretch): [string, Ink] => [PART_LOOKS[stretch].label, PART_LOOKS[stretch].ink]),
    ["downtime, as clients saw it", "downtime"] as [string, Ink],
  ];
  const several = scenarios.some(({ ended }) => ended.length > 1);
  return html`<section aria-labelledby="comparison"><h2 id="comparison">Kinds of migration beside each other</h2>
<p>Each bar is one real migration, the probed pass of a trial, part by part from the migrate command on; below it, at the same times, when clients were not answered.${several ? " Where there are several repetitions it is the one of median total time, and a ring stands for each of them." : ""}</p>
${barLegend(legend)}
${figureBlock(comparisonFigure(scenarios), "comparison-time", "Total time of each scenario, part by part, with its downtime")}
${figureBlock(downtimesFigure(scenarios), "comparison-downtime", "Downtime of every repetition with its bounds")}
${table(
  "Scenarios beside each other: all repetitions, of the probed passes",
  ["Scenario", "Migration", "Completed", ...COLUMNS.map(named)],
  scenarios.map((one) => [
    one.scenario,
    one.words,
    `${one.trials.filter(({ status }) => status === "completed").length} of ${one.trials.length}`,
    ...COLUMNS.map((id) => cell(one, id)),
  ]),
)}
${partsTable(scenarios)}</section>`;
}

function cell({ trials }: Compared, id: (typeof COLUMNS)[number]): Html {
  if (trials.every(({ measurements }) => measurements[id] === undefined))
    return id === "outOfService" ? html`was not shut down` : html`<span class="unknown">unknown: not measured</span>`;
  const text = allInWords(trials, id);
  return text.startsWith("unknown") ? html`<span class="unknown">${text}</span>` : html`${text}`;
}

/** The lengths that the figure draws. */
function partsTable(scenarios: readonly Compared[]): Html {
  const stretches = stretchesIn(scenarios);
  const rows = scenarios.flatMap(({ scenario, shown }) => {
    const pass = shown && probedOf(shown);
    if (!shown || !pass) return [];
    const segments = segmentsOf(pass.parts, totalOf(shown), shown.definition.migration);
    return [
      [
        html`${scenario}<br><span class="role">${shown.id}</span>`,
        ...stretches.map((stretch) => {
          const own = segments.filter((segment) => segment.stretch === stretch);
          if (own.length === 0) return "none";
          return number(
            formatValue(
              own.reduce((sum, { from, to }) => sum + to - from, 0),
              "s",
            ),
          );
        }),
      ],
    ];
  });
  return table(
    "Parts of the migrations drawn above",
    ["Scenario", ...stretches.map((stretch) => PART_LOOKS[stretch].label)],
    rows,
  );
}

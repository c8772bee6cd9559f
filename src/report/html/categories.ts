/** Memory and disk by the paper's categories: its Figure 1, the readings behind it, and whether their order holds. */
import type { PassResult } from "../../model/result.ts";
import { categoriesIn, momentsOf, type Reading, readingsAt } from "../categories.ts";
import { categoriesFigure, MOMENT_INKS } from "../figures/categories.ts";
import { formatMoment, formatValue } from "../format.ts";
import { unstopped } from "../workloads.ts";
import { barLegend, figureBlock } from "./figure.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { number } from "./parts.ts";

const SORTS = ["memory", "disk"] as const;
const NAMES = { memory: "Memory", disk: "Disk" } as const;

export function categoriesSection(pass: PassResult, id: string): Html {
  const { statistics } = pass;
  const figures = SORTS.map((of) =>
    figureBlock(
      categoriesFigure(statistics, of),
      `${id}-${of}`,
      `${NAMES[of]} by category, ${pass.kind} pass: per row a bar for before, during and after the migration`,
    ),
  );
  return html`<p>From the largest category to the smallest: each holds the next one, unless something explains why not.</p>
${barLegend(MOMENT_INKS)}
${figures}
${categoriesTable(pass)}
<details><summary>What the categories mean</summary><dl class="legend">${SORTS.flatMap((of) =>
    categoriesIn(statistics, of)
      .filter(({ definition }) => definition !== "")
      .map(({ label, definition }) => html`<div><dt>${NAMES[of]}: ${label}</dt><dd>${definition}</dd></div>`),
  )}</dl></details>`;
}

/** A row per category, then whether the order holds; a column per moment. */
function categoriesTable({ statistics, categoryOrder, kind }: PassResult): Html {
  const orders = categoryOrder.map(({ moment }) => moment);
  const moments = [...new Set([...momentsOf(statistics), ...orders])];
  const rows = SORTS.flatMap((of): Part[][] => {
    const categories = categoriesIn(statistics, of).map((category): Part[] => [
      html`<span class="role">${NAMES[of]}</span> ${category.label}`,
      ...moments.map((moment) => cell(readingsAt(statistics, category, moment))),
    ]);
    if (!categoryOrder.some((order) => order.of === of)) return categories;
    return [
      ...categories,
      [`${NAMES[of]}: does the order hold?`, ...moments.map((moment) => verdict(categoryOrder, of, moment))],
    ];
  });
  return table(`Memory and disk categories, ${kind} pass`, ["Category", ...moments], rows);
}

/** Each witness's reading, the most trusted first; of many by the same witness the range. */
function cell(readings: readonly Reading[]): Part {
  if (readings.length === 0) return html`<span class="unknown">unknown: nobody told</span>`;
  const witnesses = Map.groupBy(readings, ({ host, source }) => `${source}, ${host}`);
  return [...witnesses].map(([witness, some], nth): Part => {
    const least = Math.min(...some.map(({ bytes }) => bytes));
    const most = Math.max(...some.map(({ bytes }) => bytes));
    const [first, last] = [some[0]!, some.at(-1)!];
    const value =
      least === most ? formatValue(least, "bytes") : `${formatValue(least, "bytes")} … ${formatValue(most, "bytes")}`;
    const when =
      some.length === 1
        ? first.t === null
          ? "at an unknown time"
          : html`at ${number(formatMoment(first.t))}`
        : `${some.length} readings, ${formatMoment(first.t)} … ${formatMoment(last.t)}`;
    return html`${nth > 0 ? html`<br>` : ""}${number(value)}<br><span class="role">${witness}, ${when}</span>`;
  });
}

function verdict(orders: PassResult["categoryOrder"], of: "memory" | "disk", moment: string): Part {
  const order = orders.find((one) => one.of === of && one.moment === moment);
  if (order === undefined) return html`<span class="unknown">unknown: not looked at</span>`;
  if (order.holds === null) return html`<span class="unknown">unknown: ${order.text}</span>`;
  if (order.holds) return "✓ it holds";
  return order.explained
    ? html`≠ violated, explained: ${unstopped(order.text)}`
    : html`<strong class="flag">⚠ violated: ${unstopped(order.text)}</strong>`;
}

/** What the guest itself saw: per workload its curves, its numbers of both passes, and what broke on the network. */
import type { PassResult, PassSeries, TrialResult, WorkloadResult } from "../../model/result.ts";
import { workloadsOf } from "../../model/workload.ts";
import { inWords } from "../../model/workload-words.ts";
import { workloadFigure } from "../figures/workload.ts";
import { formatMoment } from "../format.ts";
import { endInWords, WORKLOAD_FACTS } from "../workload-facts.ts";
import { figureBlock, lineLegend } from "./figure.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { measured, number } from "./parts.ts";

/** More events than these are folded away. */
const OPEN_EVENTS = 8;

const lanesOf = (passes: readonly PassResult[]): readonly number[] =>
  [...new Set(passes.flatMap(({ workloads }) => workloads.map(({ lane }) => lane)))].sort((a, b) => a - b);

/** @param main the pass whose curves are drawn; `id` prefixes the ids of the section and names the group that zooms together. */
export function workloadsSection(
  trial: TrialResult,
  main: PassResult | undefined,
  series: PassSeries | undefined,
  id: string,
): Html {
  const lanes = lanesOf(trial.passes);
  const asked = workloadsOf(trial.definition.workload).length;
  if (lanes.length === 0)
    return asked === 0
      ? html`<p>The guest ran no workload.</p>`
      : html`<p class="unknown">unknown: no record of the workload came back (${inWords(trial.definition.workload)})</p>`;
  return html`<p>What each workload in the guest recorded itself, on the axis of the migration's rounds above. The grey band is the blackout. Curves are thinned for drawing: of each stretch the slowest and the fastest window and the one with the longest latency or pause.</p>
${lanes.map((lane) => {
  const of = trial.passes.flatMap((pass) => {
    const workload = pass.workloads.find((one) => one.lane === lane);
    return workload ? [{ pass, workload }] : [];
  });
  const drawn = main?.workloads.find((one) => one.lane === lane);
  return html`<h4>${(drawn ?? of[0]!.workload).title}</h4>
${drawn && main ? curves(main, drawn, series, id, lanes.length) : html`<p class="unknown">unknown: the ${main?.kind ?? "probed"} pass has no record of it</p>`}
${numbers(of)}
${of.map(({ pass, workload }) => eventsTable(pass, workload))}`;
})}`;
}

function curves(pass: PassResult, workload: WorkloadResult, series: PassSeries | undefined, id: string, many: number) {
  const budget = Math.max(60, Math.floor(400 / many));
  const figure = series && workloadFigure({ pass, workload, series, budget });
  if (figure === undefined) return html`<p class="unknown">unknown: no window of it lies around the migration</p>`;
  const caption = `${workload.title}, ${pass.kind} pass; dashed lines begin a round, the band is the blackout`;
  return html`${lineLegend(figure.lines)}${figureBlock(figure, `${id}-workload-${workload.lane}`, caption, `${id}-course`)}`;
}

/** One row per number that some pass could have, one column per pass. */
function numbers(of: readonly { readonly pass: PassResult; readonly workload: WorkloadResult }[]): Html {
  const facts = WORKLOAD_FACTS.filter((fact) => of.some(({ workload }) => fact.of(workload) !== undefined));
  const rows = facts.map((fact): Part[] => [
    html`<abbr title="${fact.definition}">${fact.label}</abbr>`,
    ...of.map(({ workload }): Part => {
      const value = fact.of(workload);
      const perSecond = fact.rate && value?.unit === "count" && value.value !== null;
      const alarming = fact.id === "stale" && (value?.value ?? 0) > 0;
      return html`${alarming ? html`<strong class="flag">⚠</strong> ` : ""}${measured(value)}${perSecond ? " per second" : ""}`;
    }),
  ]);
  const ends: Part[] = [
    "How it ended",
    ...of.map(
      ({ workload }): Part =>
        workload.end.how === "stopped"
          ? endInWords(workload)
          : html`<strong class="flag">⚠ ${endInWords(workload)}</strong>`,
    ),
  ];
  return table(
    `Numbers of ${of[0]!.workload.title}`,
    ["Number", ...of.map(({ pass }) => `${pass.kind} pass`)],
    [...rows, ends],
  );
}

function eventsTable({ kind: pass }: PassResult, { network, title }: WorkloadResult): Html {
  if (network === undefined || network.events.length === 0) return html``;
  const { events, omitted } = network;
  const more = omitted > 0 ? `, ${omitted} more are not in the list` : "";
  const listed = table(
    `What broke on the network, ${pass} pass, ${title}${more}`,
    ["Event", "Noticed", "Last in order before", "Noticed by", "From number", "How many"],
    events.map(({ kind, t, since, side, sequence, count }) => [
      kind,
      number(formatMoment(t)),
      since === null ? html`<span class="unknown">unknown: not recorded</span>` : number(formatMoment(since)),
      side === "guest" ? "the guest" : "its peer",
      sequence,
      count,
    ]),
  );
  return events.length <= OPEN_EVENTS
    ? listed
    : html`<details><summary>${events.length} network events of the ${pass} pass${more}</summary>${listed}</details>`;
}

/** Definitions of the numbers above, folded away. */
export const workloadDefinitions = (): Html =>
  html`<details><summary>What the numbers of a workload mean</summary><dl class="legend">${WORKLOAD_FACTS.map(
    ({ label, definition }) => html`<div><dt>${label}</dt><dd>${definition}</dd></div>`,
  )}</dl></details>`;

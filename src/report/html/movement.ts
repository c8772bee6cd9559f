/** What a trial moved: the kind of migration, its parts, its deadline, and what became of the disk. */
import type { PassResult, PassSeries, TrialResult } from "../../model/result.ts";
import { PART_LOOKS } from "../figures/part-looks.ts";
import { partsFigure } from "../figures/parts.ts";
import { formatMoment, formatValue } from "../format.ts";
import { capital, diskCheckInWords, lateInWords, recoveryInWords, saidBy } from "../happened.ts";
import { deadlineInWords, diskInWords, kindInWords, movesDisk } from "../movement.ts";
import { figureBlock } from "./figure.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { measured, number } from "./parts.ts";

/** The kind of migration and its disk as the scenario has them. */
export function movementFacts({ definition }: Pick<TrialResult, "definition">): readonly [string, string][] {
  return [
    ["Migration", kindInWords(definition)],
    ["Disk", `${diskInWords(definition)}${movesDisk(definition) ? "" : "; on a shared storage, not moved"}`],
    ["At the deadline", deadlineInWords(definition)],
  ];
}

const who = (kinds: readonly string[]): string => (kinds.length > 1 ? "both passes" : `${kinds[0]} pass`);

/** What happened at the deadline, and recoveries: each said once for the passes that it concerns. */
export function happenedBlock({ passes }: TrialResult): Html {
  const late = passes.flatMap((pass) =>
    pass.late
      ? [
          html`<li>${capital(pass.kind)} pass: it ${lateInWords(pass.late)}. <span class="role">At the deadline ${pass.late.why}.</span></li>`,
        ]
      : [],
  );
  const recoveries = saidBy(passes, ({ recoveries: some }) => some.map(recoveryInWords));
  const items = [...late, ...[...recoveries].map(([text, kinds]) => html`<li>${capital(who(kinds))}: ${text}.</li>`)];
  return items.length === 0
    ? html``
    : html`<div class="verdict" role="note" aria-label="What happened on the way"><ul>${items}</ul></div>`;
}

/** The parts of both passes, drawn and as a table; nothing for a migration in one. */
export function partsSection(
  trial: TrialResult,
  series: (pass: PassResult) => PassSeries | undefined,
  id: string,
): Html {
  const told = trial.passes.filter(({ parts }) => parts.length > 0);
  if (told.length === 0) return html``;
  return html`<h3>The migration, part by part</h3>
${told.map((pass) =>
  figureBlock(
    partsFigure(pass, series(pass)?.marks ?? { stop: null, resume: null, end: null }),
    `${id}-parts-${pass.kind}`,
    `The parts of the migration, ${pass.kind} pass`,
  ),
)}
${told.map(({ kind, parts }) =>
  table(
    `Parts of the migration, ${kind} pass`,
    ["Part", "Began", "Ended", "Took"],
    parts.map(({ part, start, end }): Part[] => [
      PART_LOOKS[part].label,
      start === null ? UNKNOWN("not recorded") : number(formatMoment(start)),
      end === null ? UNKNOWN("it did not end") : number(formatMoment(end)),
      start === null || end === null ? UNKNOWN("one of its ends is") : number(formatValue(end - start, "s")),
    ]),
  ),
)}`;
}

const UNKNOWN = (reason: string): Html => html`<span class="unknown">unknown: ${reason}</span>`;

/** Whether sparse blocks travelled, and whether the data on the disk is still the same. */
export function diskBlock({ passes }: TrialResult): Html {
  const checks = saidBy(passes, (pass) => [diskCheckInWords(pass)].filter((text) => text !== undefined));
  const sparse = passes.flatMap((pass) => (pass.sparse ? [{ kind: pass.kind, ...pass.sparse }] : []));
  if (checks.size === 0 && sparse.length === 0) return html``;
  return html`<ul>${sparse.map(({ kind, text }) => html`<li>Did sparse blocks travel? ${capital(kind)} pass: ${text}.</li>`)}${[
    ...checks,
  ].map(
    ([text, kinds]) =>
      html`<li>${capital(who(kinds))}: ${text.includes("were not the same") ? html`<strong class="flag">⚠ ${text}</strong>` : text}.</li>`,
  )}</ul>
${table(
  "The image of the VM's disk, and what travelled",
  ["Pass", "Virtual size", "Allocated before, source", "Travelled", "Allocated after, destination"],
  sparse.map(({ kind, virtualSize, before, sent, after }) => [
    kind,
    measured(virtualSize),
    measured(before),
    measured(sent),
    measured(after),
  ]),
)}`;
}

/** Everything about one trial. */
import type { PassResult, PassSeries, ProbeFate, TrialResult } from "../../model/result.ts";
import { hypervisorOf, sortNames } from "../catalogue.ts";
import { anatomyFigure } from "../figures/anatomy.ts";
import { phasesFigure } from "../figures/phases.ts";
import { pingPattern, windowAround } from "../figures/ping-pattern.ts";
import { progressFigure } from "../figures/progress.ts";
import { formatMeasurement, formatValue } from "../format.ts";
import { invalidities, unstopped, workloadInWords } from "../workloads.ts";
import { categoriesSection } from "./categories.ts";
import { convergenceBlock, dirtyTrackingTable } from "./convergence.ts";
import { fateLegend, figureBlock } from "./figure.ts";
import { type Html, html } from "./html.ts";
import { diskBlock, happenedBlock, movementFacts, partsSection } from "./movement.ts";
import { badge, trialId } from "./parts.ts";
import { announcementsTable, phasesTable, settingsTable } from "./setup.ts";
import { anatomyTable, bytesTable, definitionsOf, outagesTable, passesTable, roundsTable } from "./tables.ts";
import { workloadDefinitions, workloadsSection } from "./workloads.ts";

export interface TrialInput {
  readonly trial: TrialResult;
  readonly index: number;
  readonly series: readonly PassSeries[];
  /** Ordinary probes to draw per figure. */
  readonly budget: number;
}

const nothing = (what: string): Html => html`<p class="unknown">unknown: ${what}</p>`;

function failures(trial: TrialResult): Html {
  const all = trial.passes.flatMap((pass) => pass.failures.map((failure) => ({ failure, kind: pass.kind })));
  if (trial.status === "completed" && all.length === 0) return html``;
  return html`<div class="failures" role="note" aria-label="Failures of this trial"><p>${badge(trial.status)} <strong>This trial did not go as planned.</strong></p>
<ul>${all.map(({ failure, kind }) => html`<li><code>${failure.code}</code> in the ${kind} pass${failure.phase ? html`, phase ${failure.phase}` : ""}${failure.where ? html`, at ${failure.where}` : ""}: ${failure.message}. <span class="advice">${failure.advice}</span></li>`)}</ul></div>`;
}

/** Why a trial does not count although it ran. */
function invalid(trial: TrialResult): Html {
  const reasons = [...invalidities(trial)];
  if (reasons.length === 0) return html``;
  return html`<div class="failures" role="note" aria-label="Why this trial does not count"><p><strong class="flag">⚠ This trial does not count:</strong> its numbers are shown, but they are not those of the workload that was asked for.</p>
<ul>${reasons.map(([reason, kinds]) => html`<li>${kinds.length > 1 ? "both passes" : `${kinds[0]} pass`}: ${unstopped(reason)}</li>`)}</ul></div>`;
}

/** The drawings; the numbers of `outages` stand below them in any case. */
function patterns({ index, budget }: TrialInput, pass: PassResult, series: PassSeries): Html {
  const id = trialId(index);
  const window = windowAround(pass, series.marks);
  const fates: Partial<Record<ProbeFate, number>> = {};
  for (const fate of series.probes?.fate ?? []) fates[fate] = (fates[fate] ?? 0) + 1;
  const threshold = pass.outageThreshold
    ? ` A reply later than ${formatMeasurement(pass.outageThreshold)} counts as late.`
    : "";
  const { downtime, blackout } = pass.measurements;
  const around = `Around the outage: downtime ${formatMeasurement(downtime)}, blackout ${formatMeasurement(blackout)}`;
  const whole =
    "The whole pass, thinned for drawing: every lost or late probe is there, of the others the slowest and fastest of each stretch";
  return html`<p>Each mark is one probe, placed at the moment it was sent; below are those that were never answered. The grey band is the blackout, from STOP to RESUME.${threshold}</p>
${fateLegend(fates)}
${window ? figureBlock(pingPattern({ pass, series, window, budget }), `${id}-ping-outage`, around) : ""}
${figureBlock(pingPattern({ pass, series, budget: Math.min(budget, 800) }), `${id}-ping-pass`, whole)}`;
}

function ping(input: TrialInput, pass: PassResult | undefined, series: PassSeries | undefined): Html {
  const drawn = pass && series?.probes ? patterns(input, pass, series) : nothing("this trial has no probes to draw");
  // No outages found and none looked for are two things.
  const known = (pass?.measurements.downtime?.value ?? null) !== null;
  const outages = known && pass?.outages.length === 0 ? html`<p>No outage was found.</p>` : pass && outagesTable(pass);
  return html`<h3 id="${trialId(input.index)}-ping">Ping pattern</h3>${drawn}${outages}`;
}

function anatomy({ index }: TrialInput, pass: PassResult | undefined): Html {
  const id = trialId(index);
  const of = pass?.anatomy;
  const body = of
    ? html`<p>The segments add up to ${formatValue(of.total, "s")}; ${
        of.unexplained === null
          ? "how much of it is unexplained is not known, since the first request delivered or the first reply was not seen."
          : `${formatValue(of.unexplained, "s")} of it is unexplained: time between the first request delivered and the first reply beyond a usual round trip.`
      } A segment that ran in the other order is shown as negative.</p>${figureBlock(anatomyFigure(of), `${id}-anatomy`, "What the outage consists of")}${anatomyTable(pass)}`
    : nothing("there is no outage around the blackout that could be taken apart");
  return html`<h3>Anatomy of the outage</h3>${body}${pass ? announcementsTable(pass) : ""}`;
}

const noProgress = ({ definition }: TrialResult): Html =>
  definition.migration === "cold"
    ? html`<p>A cold migration has no rounds: the VM was shut down, and its disk moved as a file.</p>`
    : nothing("no progress was reported");

/** One trial's section. */
export function trialSection(input: TrialInput): Html {
  const { trial, index, series } = input;
  const id = trialId(index);
  const probed = trial.passes.find(({ kind }) => kind === "probed");
  // What a pass that never came to migrate lacks, the other one may have.
  const main = trial.passes.toReversed().find(({ rounds }) => rounds.length > 0) ?? probed ?? trial.passes[0];
  const seriesOf = (pass: PassResult | undefined): PassSeries | undefined =>
    pass && series.find((one) => one.trial === trial.id && one.pass === pass.kind);
  const mainSeries = seriesOf(main);
  const progress = main && mainSeries ? progressFigure(main, mainSeries) : undefined;
  const names = sortNames([trial, ...trial.passes].flatMap(({ measurements }) => Object.keys(measurements)));
  return html`<section class="trial" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">Trial ${trial.id}: ${trial.scenario}, repetition ${trial.repetition} ${badge(trial.status)}</h2>
<p class="subtitle">The guest's workload: ${workloadInWords(trial)}</p>
<dl class="facts">${movementFacts(trial).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${invalid(trial)}
${failures(trial)}
${happenedBlock(trial)}
${ping(input, probed, seriesOf(probed))}
${anatomy(input, probed)}
${partsSection(trial, seriesOf, id)}
<h3>The migration, round by round</h3>
${progress ? figureBlock(progress, `${id}-progress`, `As ${hypervisorOf(trial)} reported it, ${main?.kind} pass; dashed lines begin a round, the band is the blackout`, `${id}-course`) : noProgress(trial)}
${main ? convergenceBlock(main) : ""}
${main ? roundsTable(main) : ""}
<h3>What the guest itself saw</h3>
${workloadsSection(trial, main, mainSeries, id)}
${trial.passes.some(({ workloads }) => workloads.length > 0) ? workloadDefinitions() : ""}
${trial.passes.map(dirtyTrackingTable)}
<h3>Bytes</h3>
${diskBlock(trial)}
${main ? bytesTable(main) : nothing("no pass was recorded")}
<h3>All measurements</h3>
${passesTable(trial)}
<details><summary>What these measurements mean</summary>${definitionsOf(names)}</details>
<h3>Memory and disk</h3>
${main && main.statistics.length > 0 ? categoriesSection(main, id) : nothing("no statistics were recorded")}
<h3>Settings</h3>
${main && main.settings.length > 0 ? settingsTable(main) : nothing("no settings were read back")}
<h3>Phases</h3>
${trial.passes.map(
  (pass) =>
    html`${figureBlock(phasesFigure(pass.phases), `${id}-phases-${pass.kind}`, `Where the time of the ${pass.kind} pass went`)}<details><summary>Phases of the ${pass.kind} pass as a table</summary>${phasesTable(pass)}</details>`,
)}
</section>`;
}

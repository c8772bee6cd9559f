/** What a reader sees first: what makes the numbers doubtful, the answer, and what was tested. */
import type { Result, TrialResult } from "../../model/result.ts";
import { acceleratorSentence, doubtsOf, FOUR_TIMES, hypervisorOf, meaningOf, measurementOf } from "../catalogue.ts";
import { severalOutages } from "../comparison.ts";
import { PART_LOOKS } from "../figures/part-looks.ts";
import { formatChosen, formatMeasurement, formatValue, UNITS_NOTE } from "../format.ts";
import { capital, diskCheckInWords, lateInWords, recoveryInWords, saidBy } from "../happened.ts";
import { deadlineInWords, kindInWords, movementInWords } from "../movement.ts";
import { invalidities, notConverging, unstopped, workloadInWords } from "../workloads.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { badge, measured, named, trialId } from "./parts.ts";

const probedPass = (trial: TrialResult) => trial.passes.find(({ kind }) => kind === "probed");

/** `timeout: not completed within…` beside the word timeout needs no second one. */
const withoutStatus = (message: string, status: string): string =>
  message.startsWith(`${status}: `) ? message.slice(status.length + 2) : message;

/** What is the same of several passes is said once, with the places that it concerns. */
function gathered(result: Result, of: (pass: TrialResult["passes"][number]) => (readonly [string, Part])[]) {
  const found = new Map<string, { said: Part; trials: Map<number, Set<string>> }>();
  result.trials.forEach(({ passes }, index) => {
    for (const pass of passes)
      for (const [key, said] of of(pass)) {
        const entry = found.get(key) ?? { said, trials: new Map<number, Set<string>>() };
        found.set(key, entry);
        entry.trials.set(index, (entry.trials.get(index) ?? new Set()).add(pass.kind));
      }
  });
  const passesOf = (kinds: Set<string>): string => (kinds.size > 1 ? "both passes" : `${[...kinds][0]} pass`);
  return [...found.values()].map(({ said, trials }) => {
    const everywhere = trials.size > 1 && trials.size === result.trials.length;
    const kinds = new Set([...trials.values()].map(passesOf));
    const places: Part =
      everywhere && kinds.size === 1
        ? html`all trials, ${[...kinds][0]!}`
        : [...trials].map(
            ([index, which], n): Part =>
              html`${n > 0 ? "; " : ""}<a href="#${trialId(index)}">${result.trials[index]!.id}</a>, ${passesOf(which)}`,
          );
    return { said, places };
  });
}

/** Everything that a number of this page may be doubted for, with the place it concerns. */
export function warnings(result: Result): Html {
  const items: Part[] = result.warnings.map((message) => html`<li>${message}</li>`);
  if (result.run.state !== "finished")
    items.unshift(
      html`<li><strong>This run is ${result.run.state}</strong>: it holds what was measured until then.</li>`,
    );
  const failures = gathered(result, ({ failures, status }) =>
    failures.map((failure): [string, Part] => [
      JSON.stringify([status, failure.message, failure.advice]),
      html`<strong>${status}</strong>: ${withoutStatus(failure.message, status)}. <span class="advice">${failure.advice}</span>`,
    ]),
  );
  const invalid = gathered(result, (pass) => pass.invalid.map((reason): [string, Part] => [reason, unstopped(reason)]));
  const doubts = gathered(result, (pass) => doubtsOf(pass).map((message): [string, Part] => [message, message]));
  for (const { places, said } of failures) items.push(html`<li class="failure">${places}, ${said}</li>`);
  for (const { places, said } of invalid)
    items.push(html`<li class="failure">${places}: <strong>does not count</strong>: ${said}.</li>`);
  for (const { places, said } of doubts) items.push(html`<li>${said} (${places})</li>`);
  if ([...new Set(result.trials.map(({ accelerator }) => accelerator))].includes("tcg"))
    items.push(html`<li>${acceleratorSentence("tcg")}</li>`);
  if (items.length === 0)
    return html`<p>No warnings: nothing was found that makes a number of this report doubtful.</p>`;
  return html`<aside class="warnings" aria-labelledby="warnings"><h2 id="warnings">Before you trust a number</h2><ul>${items}</ul></aside>`;
}

function answerOf(trial: TrialResult, index: number): Html {
  const { measurements: of } = trial;
  const name = html`<a href="#${trialId(index)}">${trial.id}</a> (${trial.scenario}, repetition ${trial.repetition}; ${kindInWords(trial.definition)}; ${workloadInWords(trial)})${invalidities(trial).size > 0 ? html` <strong class="flag">does not count</strong>` : ""}`;
  const number = (key: string): Html => html`<strong>${formatMeasurement(of[key])}</strong>`;
  if (trial.status !== "completed") {
    const [reason] = trial.passes.flatMap(({ failures, status }) =>
      failures.map(({ message }) => withoutStatus(message, status)),
    );
    const endless = notConverging(trial);
    return html`<li>${badge(trial.status)} ${name}: the migration did not complete${reason ? html`: ${reason}` : ""}. ${endless ? html`<strong>It does not converge</strong>: ${unstopped(endless)}. ` : ""}No time of it is shown as if it had.${happenedTo(trial)}</li>`;
  }
  const sentence = (key: string, before: string, after: string): Html =>
    of[key]?.value === null || of[key] === undefined
      ? html`${meaningOf(key).label} ${number(key)}. `
      : html`${before} ${number(key)}${after} `;
  return html`<li>${badge(trial.status)} ${name}: ${sentence("totalTime", "the migration took", " from command to completion.")}${sentence("downtime", "A client could not reach the VM for", ".")}${severalOutages(trial) && of.downtimeTotal ? sentence("downtimeTotal", "With all other outages from the command on that comes to", ".") : ""}${standing(trial, sentence)}${sentence("transferred", "The migration put", " on the migration network.")}${split(trial)}${happenedTo(trial)}</li>`;
}

/** Of a VM that was shut down the parts say where the time went: that it was not live, nobody need be told twice. */
function standing(trial: TrialResult, sentence: (key: string, before: string, after: string) => Html): Html {
  const blackout = sentence("blackout", "Its vCPUs stood still for", ".");
  const parts = (probedPass(trial) ?? trial.passes[0])?.parts ?? [];
  if (!parts.some(({ part }) => part === "shut-down"))
    return html`${blackout}${sentence("downtimeReported", `${hypervisorOf(trial)} itself reports a downtime of`, ".")}`;
  const lengths = parts.flatMap(({ part, start, end }) =>
    start === null || end === null ? [] : [`${PART_LOOKS[part].label} ${formatValue(end - start, "s")}`],
  );
  const known = (trial.measurements.blackout?.value ?? null) !== null;
  return html`The VM was shut down and started again: ${lengths.join(", ")}. ${known ? blackout : ""}`;
}

/** What of it was memory and what disk, where the flows tell and there was both. */
function split({ measurements: { transferredMemory: memory, transferredDisk: disk } }: TrialResult): Html {
  if (!memory?.value || !disk?.value) return html``;
  return html`Of these <strong>${formatMeasurement(disk)}</strong> were disk and <strong>${formatMeasurement(memory)}</strong> memory. `;
}

/** The deadline, recoveries and the disk: sentences of the passes that have something to say. */
function happenedTo({ passes }: TrialResult): Html {
  const main = passes.find(({ kind }) => kind === "probed") ?? passes[0];
  const late = main?.late ? main : passes.find((pass) => pass.late);
  const said = [
    ...(late?.late
      ? [`${late.kind === main?.kind ? "" : `in the ${late.kind} pass `}it ${lateInWords(late.late)}`]
      : []),
    ...saidBy(passes, (pass) => pass.recoveries.map(recoveryInWords)).keys(),
    ...saidBy(passes, (pass) => [diskCheckInWords(pass)].filter((text) => text !== undefined)).keys(),
    ...(main?.sparse ? [main.sparse.text] : []),
  ];
  return html`${said.map((text) => html` ${capital(text)}.`)}`;
}

export const answer = (result: Result): Html =>
  html`<section aria-labelledby="answer"><h2 id="answer">The answer</h2>${
    result.trials.length === 0 ? html`<p class="unknown">unknown: no trial of this run has a result yet.</p>` : ""
  }<ul class="answers">${result.trials.map(answerOf)}</ul></section>`;

/** The four times of every pass beside each other, with what each one means. */
export function times(result: Result): Html {
  const rows = result.trials.flatMap((trial, index) =>
    trial.passes.map((pass) => [
      html`<a href="#${trialId(index)}">${trial.id}</a><br><span class="role">${trial.scenario}; ${kindInWords(trial.definition)}</span>`,
      pass.kind,
      html`${badge(pass.status)}${pass.invalid.length > 0 ? html`<br><strong class="flag">does not count</strong>` : ""}`,
      ...FOUR_TIMES.map((name) => measured(measurementOf(pass, name))),
      measured(measurementOf(pass, "transferred")),
    ]),
  );
  const headings = ["Trial", "Pass", "Status", ...FOUR_TIMES.map(named), named("transferred")];
  return html`<section aria-labelledby="times"><h2 id="times">Four times, four numbers</h2>
<p>They measure different things and are never mixed. ${UNITS_NOTE}</p>
<dl class="legend">${[...FOUR_TIMES, "transferred"].map(
    (name) => html`<div><dt>${meaningOf(name).label}</dt><dd>${meaningOf(name).definition}</dd></div>`,
  )}</dl>
${table("The four times of every trial and pass", headings, rows)}</section>`;
}

/** What trials have, each said once. */
const distinct = ({ trials }: Result, of: (trial: TrialResult) => string): Part =>
  trials.length === 0 ? "unknown: no trial" : [...new Set(trials.map(of))].map((words) => html`<p>${words}</p>`);

export function testConditions(result: Result): Html {
  const { run } = result;
  const link = ({ rate, delay, loss }: Result["run"]["links"][string]): string =>
    `${formatChosen(rate, "bits/s")}${delay > 0 ? `, ${formatChosen(delay, "s")} delay each way` : ""}${loss > 0 ? `, ${formatChosen(loss, "share")} loss` : ""}`;
  const hosts = new Map(
    result.trials
      .flatMap(({ passes }) => passes.flatMap(({ hosts }) => hosts))
      .map((host) => [
        JSON.stringify(host),
        [
          host.role,
          `${host.hypervisor} ${host.version}`,
          host.accelerator,
          host.kernel,
          host.cpu,
          host.machine ?? "unknown: not reported",
        ],
      ]),
  );
  const accelerators = [...new Set(result.trials.map(({ accelerator }) => accelerator))];
  const probing = [
    ...new Set(
      result.trials
        .filter(probedPass)
        .map(({ definition: { probe } }) => `every ${formatChosen(probe.interval, "s")}, ${probe.family}`),
    ),
  ];
  const facts: [Part, Part][] = [
    ["Plan", html`${run.plan}${run.description ? html`: ${run.description}` : ""}`],
    ["Testbed", run.testbed],
    ...Object.entries(run.links).map(([name, value]): [Part, Part] => [`${name} network`, link(value)]),
    [
      "VM",
      `${formatChosen(run.vm.memory, "bytes")} of memory, ${run.vm.vcpus} vCPU, ${formatChosen(run.vm.disk, "bytes")} disk`,
    ],
    [
      "Accelerator",
      accelerators.length === 0
        ? "unknown: no trial"
        : accelerators.map((name) => html`<p>${acceleratorSentence(name)}</p>`),
    ],
    ["Migration", distinct(result, ({ definition }) => movementInWords(definition))],
    ["At the deadline", distinct(result, ({ definition }) => deadlineInWords(definition))],
    ["Workload", distinct(result, workloadInWords)],
    ["Probes", probing.length === 0 ? "unknown: no pass was probed" : probing.join("; ")],
    ["Started", html`<time datetime="${run.started}">${run.started}</time>`],
    ["Tool", run.tool],
    ...Object.entries(run.environment).map(([name, value]): [Part, Part] => [
      name,
      value === "" ? "unknown: empty" : value,
    ]),
  ];
  return html`<section aria-labelledby="tested"><h2 id="tested">What was tested</h2>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${table("Hosts", ["Role", "Hypervisor", "Accelerator", "Kernel", "Processor", "Machine type"], [...hosts.values()])}</section>`;
}

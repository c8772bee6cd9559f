/** The result of a run as text: per trial and pass the main measurements, with what is wrong before what is measured. */
import type { Measurement, Outage, PassResult, Result, TrialResult } from "../../model/result.ts";
import type { Status } from "../../model/run.ts";
import {
  acceleratorSentence,
  delaysInWords,
  doubtsOf,
  FOUR_TIMES,
  hypervisorOf,
  meaningOf,
  measurementOf,
  sortNames,
} from "../catalogue.ts";
import { formatMeasurement, formatValue } from "../format.ts";
import { diskCheckInWords, lateInWords, recoveryInWords, saidBy } from "../happened.ts";
import { kindInWords } from "../movement.ts";
import { invalidities, notConverging, unstopped, workloadInWords } from "../workloads.ts";
import { type Row, rowLines } from "./rows.ts";
import { clean, type Painter, painter, type Style, widthOf, wrap } from "./text.ts";
import { workloadRows } from "./workloads.ts";

export interface TableOptions {
  /** Columns of the terminal; what does not fit beside each other is written below each other. */
  readonly width: number;
  readonly color: boolean;
}

/** What a terminal shows; everything else is in the report. */
const SECONDARY = [
  ...["totalTimeReported", "lostProbeTime", "setupTime", "rounds", "transferredReported"],
  ...["partDiskCopy", "partMemory", "partShutDown", "partCompress", "partTransfer", "partDecompress", "partStart"],
  ...["partFirstReply", "outOfService", "transferredMemory", "transferredDisk", "imageBefore", "imageAfter"],
];
const SPLIT: ReadonlySet<string> = new Set(["transferredMemory", "transferredDisk"]);
const STYLES: Readonly<Record<Status, Style>> = {
  completed: "green",
  failed: "red",
  timeout: "red",
  cancelled: "yellow",
};

/** Lines of a paragraph with a sign before the first and the others indented under it. */
function paragraph(sign: string, text: string, width: number): string[] {
  const indent = " ".repeat(widthOf(sign) + 3);
  return wrap(clean(text), Math.max(20, width - indent.length)).map((line, index) =>
    index === 0 ? `  ${sign} ${line}` : `${indent}${line}`,
  );
}

function rowsOf(passes: readonly PassResult[], paint: Painter): Row[] {
  // The four times always, known or not; of the others only those that somebody measured.
  const known = (name: string): boolean =>
    passes.some(({ measurements }) => (measurements[name]?.value ?? null) !== null);
  // All of the bytes are memory where no disk moved: that need not be said.
  const disk = passes.some(({ measurements }) => (measurements.transferredDisk?.value ?? 0) > 0);
  const wanted = SECONDARY.filter((name) => known(name) && (disk || !SPLIT.has(name)));
  const names = sortNames([...FOUR_TIMES, "transferred", ...wanted]);
  const value = (measurement: Measurement | undefined): string => {
    const text = clean(formatMeasurement(measurement));
    return measurement === undefined || measurement.value === null ? paint("dim", text) : text;
  };
  return names.map((name) => ({
    label: meaningOf(name).label,
    values: passes.map((pass) => value(measurementOf(pass, name))),
  }));
}

function trialLines(trial: TrialResult, width: number, paint: Painter): string[] {
  const heading = `${clean(trial.id)}: ${clean(trial.scenario)}, repetition ${trial.repetition}, ${kindInWords(trial.definition)}${trial.definition.workload === "idle" ? "" : `, ${clean(workloadInWords(trial))}`}, ${clean(hypervisorOf(trial))} under ${clean(trial.accelerator)}`;
  const where = (kinds: readonly string[]): string => (kinds.length === 1 ? `${kinds[0]} pass` : "both passes");
  const troubles = trial.passes.flatMap((pass) => [
    ...pass.failures.flatMap((failure) =>
      paragraph(paint("red", "✗"), `${pass.kind} pass: ${failure.message} (${failure.code}). ${failure.advice}`, width),
    ),
  ]);
  const invalid = [...invalidities(trial)];
  for (const [reason, kinds] of invalid)
    troubles.push(
      ...paragraph(
        paint("red", "✗"),
        `${where(kinds)} ${kinds.length === 1 ? "does" : "do"} not count: ${reason}`,
        width,
      ),
    );
  const endless = notConverging(trial);
  // A warning of the analysis may have said it already.
  if (endless !== undefined && !trial.passes.some((pass) => doubtsOf(pass).some((text) => text.includes(endless))))
    troubles.push(...paragraph(paint("yellow", "!"), `it does not converge: ${unstopped(endless)}.`, width));
  for (const [text, kinds] of warningsByText(trial)) {
    troubles.push(...paragraph(paint("yellow", "!"), `${where(kinds)}: ${text}`, width));
  }
  const happened = [...saidBy(trial.passes, happenedIn)].flatMap(([text, kinds]) =>
    paragraph("·", `${where(kinds)}: ${text}`, width),
  );
  const outages = trial.passes.flatMap((pass) => {
    const text = outagesInWords(pass.outages);
    return text === undefined ? [] : paragraph("·", `${pass.kind} pass: ${text}`, width);
  });
  const title = wrap(heading, width - 11).map((line) => paint("bold", line));
  title.push(`${title.pop()}  ${paint(STYLES[trial.status], trial.status)}`);
  if (invalid.length > 0) title.push(`  ${paint("red", "does not count")}`);
  return [
    ...title,
    ...troubles,
    ...(trial.passes.length === 0
      ? [`  ${paint("dim", "unknown: no pass was recorded")}`]
      : rowLines(
          trial.passes.map(({ kind }) => kind),
          [...rowsOf(trial.passes, paint), ...workloadRows(trial.passes, paint)],
          width,
          paint,
        )),
    ...happened,
    ...outages,
  ];
}

/** Sentences about the deadline, recoveries and the disk. */
const happenedIn = (pass: PassResult): string[] => [
  ...(pass.late ? [`it ${lateInWords(pass.late)}`] : []),
  ...pass.recoveries.map(recoveryInWords),
  ...(pass.sparse ? [pass.sparse.text] : []),
  ...[diskCheckInWords(pass)].filter((text) => text !== undefined),
];

/** What is doubtful for the same reason in both passes is said once. */
function warningsByText({ passes }: TrialResult): Map<string, PassResult["kind"][]> {
  const found = new Map<string, PassResult["kind"][]>();
  for (const pass of passes)
    for (const text of doubtsOf(pass)) found.set(text, [...(found.get(text) ?? []), pass.kind]);
  return found;
}

/** Every outage but the one that the table has as its downtime, and the delays without loss as a count. */
function outagesInWords(all: readonly Outage[]): string | undefined {
  const outages = all.filter(({ kind }) => kind === "outage");
  const listed = outages.map(
    ({ duration, begin }) => `${formatMeasurement(duration)} at ${formatValue(begin.high, "s")}`,
  );
  const parts = [
    ...(listed.length > 1 ? [`${listed.length} outages: ${listed.join("; ")}`] : []),
    ...delaysInWords(all),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** @returns lines without a last line break. */
export function resultTable(result: Result, { width, color }: TableOptions): string {
  const paint = painter(color);
  const accelerators = [...new Set(result.trials.map(({ accelerator }) => accelerator))];
  const warnings = [
    ...(result.run.state === "finished"
      ? []
      : [`this run is ${result.run.state}: it holds what was measured until then`]),
    ...(result.trials.length === 0 ? ["unknown: no trial has a result yet"] : []),
    ...result.warnings,
    ...accelerators.filter((name) => name === "tcg").map(acceleratorSentence),
  ].flatMap((text) => paragraph(paint("yellow", "!"), text, width));
  const blocks = result.trials.map((trial) => trialLines(trial, width, paint));
  return [warnings, ...blocks]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

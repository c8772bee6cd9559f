/** The tables of what was measured in a trial: outages, anatomy, rounds, bytes, both passes. */
import type { PassResult, TrialResult } from "../../model/result.ts";
import { delaysInWords, meaningOf, measurementOf, sortNames } from "../catalogue.ts";
import { formatDifference, formatMoment, formatValue } from "../format.ts";
import { type Html, html, type Part, table } from "./html.ts";
import { measured, named, number } from "./parts.ts";

const UNKNOWN = (reason: string): Html => html`<span class="unknown">unknown: ${reason}</span>`;
const interval = ({ low, high }: { low: number; high: number }): Html =>
  html`${number(formatMoment(low))} … ${number(formatMoment(high))}`;

/** Outages first, delays folded away: an emulated guest has dozens of a millisecond or two. */
export function outagesTable({ outages }: PassResult): Html {
  const delays = outages.filter(({ kind }) => kind === "delay");
  const folded =
    delays.length > 0
      ? html`<details><summary>${delaysInWords(outages)[0]!}</summary>${listOf("Delays without loss, from the migrate command", delays)}</details>`
      : "";
  return html`${listOf(
    "All outages of the probed pass, from the migrate command",
    outages.filter(({ kind }) => kind === "outage"),
  )}${folded}`;
}

function listOf(caption: string, outages: PassResult["outages"]): Html {
  return table(
    caption,
    ["Probes", "Duration", "Began", "Ended", "Lost", "Late", "Lost-probe time", "Reply gap", "When"],
    outages.map((outage) => [
      `${outage.firstSequence} to ${outage.lastSequence}`,
      measured(outage.duration),
      interval(outage.begin),
      interval(outage.end),
      outage.lost,
      outage.late,
      measured(outage.lostProbeTime),
      measured(outage.replyGap),
      outage.during === "blackout"
        ? "overlaps the blackout"
        : outage.during === "migration"
          ? "during the migration"
          : `${outage.during} the migration`,
    ]),
  );
}

export function anatomyTable({ anatomy }: PassResult): Html {
  if (anatomy === undefined) return html``;
  return table(
    "Marks of the outage",
    ["Mark", "Time since the migrate command", "From"],
    anatomy.marks.map(({ label, t, source }) => [
      label,
      t === null ? UNKNOWN("not seen") : number(formatMoment(t)),
      source,
    ]),
  );
}

export function roundsTable({ rounds }: PassResult): Html {
  const or = (value: number | null, unit: "bytes" | "bits/s" | "bytes/s" | "share", why = "not reported"): Part =>
    value === null ? UNKNOWN(why) : formatValue(value, unit);
  return table(
    "Rounds",
    ["Round", "Began", "Length", "Remaining at its start", "Sent", "Throughput", "Dirty rate", "Throttle"],
    rounds.map((round) => [
      round.round,
      number(formatMoment(round.start)),
      round.end === null ? UNKNOWN("its end was not seen") : number(formatValue(round.end - round.start, "s")),
      or(round.remainingAtStart, "bytes", "no sample at its start"),
      or(round.transferred, "bytes", "no sample tells"),
      or(round.throughput, "bits/s", "no sample tells"),
      or(round.dirtyRate, "bytes/s", "not measured"),
      or(round.throttle, "share"),
    ]),
  );
}

/** What the switch, the hosts and the hypervisor counted, beside each other. */
export function bytesTable(pass: PassResult): Html {
  const ports: Part[][] = pass.ports.map((port) => {
    const host = port.hostInterface;
    const difference =
      host && host.value !== null && port.bytes.value !== null
        ? formatDifference(host.value - port.bytes.value, "bytes")
        : UNKNOWN("one of the two is not known");
    return [
      html`${port.port}<br><span class="role">${port.role}</span>`,
      port.direction,
      measured(port.bytes),
      measured(port.background),
      measured(host),
      html`${difference}${port.disagreement ? html`<br><strong class="flag">⚠ ${port.disagreement}</strong>` : ""}`,
    ];
  });
  return html`${table(
    `Bytes of the ${pass.kind} pass: by the switch's ports, background subtracted, and by the hosts' interfaces`,
    ["Port of the switch", "Direction", "Switch", "Background", "Host's interface", "Host minus switch"],
    ports,
  )}<p>The hypervisor itself reports ${measured(measurementOf(pass, "transferredReported"))} transferred.</p>`;
}

/** Every measurement of both passes and what probing changed. */
export function passesTable({ passes, measurements }: TrialResult): Html {
  const [quiet, probed] = [passes.find(({ kind }) => kind === "quiet"), passes.find(({ kind }) => kind === "probed")];
  const names = sortNames(passes.flatMap(({ measurements }) => Object.keys(measurements)));
  const absent = (pass: PassResult | undefined, kind: string): Html | undefined =>
    pass ? undefined : UNKNOWN(`there is no ${kind} pass`);
  const ofBoth = sortNames(Object.keys(measurements).filter((name) => !names.includes(name)));
  return html`${table(
    "Quiet and probed pass: what did probing cost?",
    ["Measurement", "Quiet", "Probed", "Difference", "From"],
    names.map((name) => {
      const a = quiet && measurementOf(quiet, name);
      const b = probed && measurementOf(probed, name);
      const both =
        a && b && a.value !== null && b.value !== null ? formatDifference(b.value - a.value, b.unit) : undefined;
      const share =
        both && a?.value ? ` (${formatDifference((b!.value! - a.value) / Math.abs(a.value), "share")})` : "";
      return [
        named(name),
        absent(quiet, "quiet") ?? measured(a),
        absent(probed, "probed") ?? measured(b),
        both ? `${both}${share}` : UNKNOWN("needs both"),
        (b ?? a)?.source,
      ];
    }),
  )}${table(
    "Of both passes together",
    ["Measurement", "Value", "From"],
    ofBoth.map((name) => [named(name), measured(measurements[name]), measurements[name]?.source]),
  )}`;
}

/** The definitions of all names in a trial that the front page did not explain already. */
export const definitionsOf = (names: readonly string[]): Html =>
  html`<dl class="legend">${names.flatMap((name) => {
    const { label, definition } = meaningOf(name);
    return definition === "" ? [] : [html`<div><dt>${label}</dt><dd>${definition}</dd></div>`];
  })}</dl>`;

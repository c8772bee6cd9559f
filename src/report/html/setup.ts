/** The tables of how a pass was run: settings, announcements, phases. */
import type { PassResult } from "../../model/result.ts";
import { formatChosen, formatMoment, formatValue } from "../format.ts";
import { type Html, html, table } from "./html.ts";
import { number } from "./parts.ts";

const plain = (value: string | number | boolean, unit: string | undefined): string => {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value;
  if (unit === "s" || unit === "bytes" || unit === "bits/s" || unit === "bytes/s" || unit === "share")
    return formatChosen(value, unit);
  return unit === undefined ? String(value) : `${value} ${unit}`;
};

type Setting = PassResult["settings"][number];
const settingRows = (caption: string, settings: readonly Setting[]): Html =>
  table(
    caption,
    ["Setting", "Hypervisor's name", "Host", "Asked", "Effective", "Remark"],
    settings.map(({ name, native, host, asked, effective, unit }) => [
      name,
      html`<code>${native}</code>`,
      host,
      asked === undefined ? "left at the default" : plain(asked, unit),
      plain(effective, unit),
      asked !== undefined && asked !== effective ? html`<strong class="flag">⚠ not what was asked for</strong>` : "",
    ]),
  );

/** What was asked for, open to see; the hypervisor's many defaults folded away. */
export function settingsTable({ settings }: PassResult): Html {
  const asked = settings.filter((setting) => setting.asked !== undefined);
  const defaults = settings.filter((setting) => setting.asked === undefined);
  return html`${asked.length > 0 ? settingRows("Settings as asked for and as read back from the hypervisor", asked) : html`<p>Nothing was asked for: all settings are the hypervisor's defaults.</p>`}
${defaults.length > 0 ? html`<details><summary>${defaults.length} settings left at the default, as read back</summary>${settingRows("Settings left at the default", defaults)}</details>` : ""}`;
}

const ANNOUNCED = {
  rarp: "RARP",
  "gratuitous-arp": "gratuitous ARP",
  "unsolicited-na": "unsolicited neighbour advertisement",
};

/** When each kind of announcement was first seen at each place, and all of them folded away. */
export function announcementsTable({ announcements }: PassResult): Html {
  const groups = Map.groupBy(announcements, ({ kind, seenAt }) => `${kind} ${seenAt}`);
  const all = table(
    "All announcements",
    ["Announcement", "Time since the migrate command", "Seen at"],
    announcements.map(({ kind, t, seenAt }) => [ANNOUNCED[kind], number(formatMoment(t)), seenAt]),
  );
  return html`${table(
    "Announcements of the VM's new place",
    ["Announcement", "Seen at", "First", "How many"],
    [...groups.values()].map((group) => [
      ANNOUNCED[group[0]!.kind],
      group[0]!.seenAt,
      number(formatMoment(Math.min(...group.map(({ t }) => t)))),
      group.length,
    ]),
  )}${announcements.length > groups.size ? html`<details><summary>All ${announcements.length} announcements</summary>${all}</details>` : ""}`;
}

export function phasesTable({ phases, kind }: PassResult): Html {
  return table(
    `Phases of the ${kind} pass`,
    ["Phase", "Began", "Took", "Outcome", "Note"],
    phases.map(({ name, start, seconds, outcome, note }) => [
      name.replaceAll("-", " "),
      number(formatMoment(start)),
      outcome === "skipped" ? "skipped" : formatValue(seconds, "s"),
      outcome,
      note,
    ]),
  );
}

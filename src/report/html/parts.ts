/** Small pieces that every section uses. */
import type { Measurement } from "../../model/result.ts";
import type { Status } from "../../model/run.ts";
import { meaningOf } from "../catalogue.ts";
import { formatMeasurement } from "../format.ts";
import { type Html, html } from "./html.ts";

/** A measurement with its origin on hover; what is unknown looks different from a number. */
export function measured(measurement: Measurement | undefined): Html {
  const text = formatMeasurement(measurement);
  if (measurement === undefined || measurement.value === null) return html`<span class="unknown">${text}</span>`;
  // Value and bounds may stand below each other, but neither is ever broken.
  const [value, bounds] = text.split(" [");
  return html`<span title="from ${measurement.source}"><span class="number">${value}</span>${bounds ? html` <span class="number bounds">[${bounds}</span>` : ""}</span>`;
}

/** A number that stays on one line. */
export const number = (text: string): Html => html`<span class="number">${text}</span>`;

/** A measurement's name; its definition is shown on hover here and in full in the page's legend. */
export function named(name: string): Html {
  const { label, definition } = meaningOf(name);
  return definition === "" ? html`${label}` : html`<abbr title="${definition}">${label}</abbr>`;
}

const SIGNS: Readonly<Record<Status, string>> = { completed: "✓", failed: "✗", timeout: "!", cancelled: "■" };
export const badge = (status: Status): Html =>
  html`<span class="badge ${status}"><span aria-hidden="true">${SIGNS[status]}</span> ${status}</span>`;

/** Words for an id: letters and digits of a trial's name are enough, the index makes it unique. */
export const trialId = (index: number): string => `trial-${index + 1}`;

/** Whether the migration came closer to its end, and whether two accounts of dirtied memory agree. */
import type { Convergence, DirtyTracking, PassResult } from "../../model/result.ts";
import { formatMoment, formatValue } from "../format.ts";
import { unstopped } from "../workloads.ts";
import { type Html, html, table } from "./html.ts";
import { measured, number } from "./parts.ts";

const VERDICTS: Readonly<Record<Convergence["verdict"], string>> = {
  converged: "It converged",
  "not-converging": "It does not converge",
  "not-shown": "Whether it converges is not shown",
};

export function convergenceBlock({ convergence }: PassResult): Html {
  if (convergence === undefined) return html``;
  const { verdict, evidence, rounds, dirtyRate, throughput, remaining, needed } = convergence;
  const title =
    verdict === "not-converging"
      ? html`<strong class="flag">⚠ ${VERDICTS[verdict]}:</strong>`
      : html`<strong>${VERDICTS[verdict]}:</strong>`;
  const facts = [
    ["Rounds looked at", rounds],
    ["Dirty rate", measured(dirtyRate)],
    ["Throughput", measured(throughput)],
    ["Remaining at a round's start", measured(remaining)],
    ["May be left at STOP", measured(needed)],
  ] as const;
  return html`<div class="verdict ${verdict}"><p>${title} ${unstopped(evidence)}.</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<p class="role">Rates and what remains are medians of the later half of the rounds; bounds of what remains are its least and its most. What may be left is throughput × downtime limit.</p></div>`;
}

const AGREES: Readonly<Record<DirtyTracking["verdict"], Html>> = {
  agrees: html`✓ agrees`,
  differs: html`<strong class="flag">⚠ differs</strong>`,
  unknown: html`<span class="unknown">unknown</span>`,
};

/** The hypervisor's count of dirtied pages against the workloads' own; nothing where nobody compared them. */
export function dirtyTrackingTable({ dirtyTracking, kind }: PassResult): Html {
  return table(
    `Memory dirtied per second, ${kind} pass: the hypervisor's account against the guest's own`,
    ["By", "From", "Hypervisor", "Guest", "Ratio", "May differ by", "Verdict"],
    dirtyTracking.map(({ how, t, hypervisor, guest, ratio, margin, verdict }) => [
      how,
      number(formatMoment(t)),
      measured(hypervisor),
      measured(guest),
      measured(ratio),
      formatValue(margin, "share"),
      AGREES[verdict],
    ]),
  );
}

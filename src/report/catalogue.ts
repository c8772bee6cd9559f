/** What each measurement is called in front of people, and what it means. The order here is the order in tables. */
import type { Measurement, Outage, PassResult, ProbeFate, TrialResult } from "../model/result.ts";
import { formatValue } from "./format.ts";
import { MEANINGS, type Meaning } from "./meanings.ts";

/** The four times that must never be confused: different numbers, labelled apart, always shown together. */
export const FOUR_TIMES = ["totalTime", "downtime", "blackout", "downtimeReported"] as const;

const ORDER = Object.keys(MEANINGS);

/** `clockOffsetSource` → `Clock offset source`: for names that this version does not know yet. */
const humanise = (name: string): string => {
  const words = name.replace(/([a-z0-9])([A-Z])/gu, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const meaningOf = (name: string): Meaning => MEANINGS[name] ?? { label: humanise(name), definition: "" };

/** A pass's measurement; where there is none, a reason that says more than that. */
export function measurementOf(pass: Pick<PassResult, "kind" | "measurements">, name: string): Measurement | undefined {
  const measurement = pass.measurements[name];
  if (measurement !== undefined || pass.kind !== "quiet") return measurement;
  if (PROBED.has(name)) return { value: null, unit: "s", source: "", unknown: "a quiet pass sends no probes" };
  if (FLOWS.has(name)) return { value: null, unit: "bytes", source: "", unknown: "a quiet pass counts no flows" };
  return undefined;
}
const FLOWS: ReadonlySet<string> = new Set([
  ...["transferredMemory", "transferredDisk", "transferredControl", "transferredByFlows"],
]);
const PROBED: ReadonlySet<string> = new Set([
  ...["downtime", "downtimeTotal", "lostProbeTime", "replyGap"],
  ...["probesSent", "probesLost", "probesLate", "probesMissed", "probesRefused"],
]);

/** Known names first and in the catalogue's order, then the others by name. */
export function sortNames(names: Iterable<string>): string[] {
  const rank = (name: string): number => {
    const index = ORDER.indexOf(name);
    return index < 0 ? ORDER.length : index;
  };
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}

export const FATE_LABELS: Readonly<Record<ProbeFate, string>> = {
  "answered-by-source": "answered by the source",
  "answered-by-destination": "answered by the destination",
  answered: "answered",
  held: "held or answered late",
  "lost-at-source": "lost at the source",
  "lost-at-destination": "lost at the destination",
  "lost-elsewhere": "lost elsewhere",
  lost: "lost",
  "not-sent": "not sent",
};

/** One sentence about what executed the guest's instructions, since it decides what the times are worth. */
export function acceleratorSentence(accelerator: string): string {
  switch (accelerator) {
    case "tcg":
      return "TCG is emulation: the guest's instructions were interpreted in software. The absolute times are not those of hardware; compare them only with runs under TCG on the same machine.";
    case "kvm":
      return "KVM: the guest's instructions ran on the processor itself.";
    default:
      return `The guest's instructions were executed by: ${accelerator}.`;
  }
}

/** Runs of late replies in which nothing was lost, as a count and their longest: `81 delays without loss, the longest 3.9 ms`. */
export function delaysInWords(outages: readonly Outage[]): readonly string[] {
  const delays = outages.filter(({ kind }) => kind === "delay");
  if (delays.length === 0) return [];
  const longest = Math.max(...delays.map(({ duration }) => duration.value ?? duration.low ?? 0));
  return [
    `${delays.length} ${delays.length === 1 ? "delay" : "delays"} without loss, the longest ${formatValue(longest, "s")}`,
  ];
}

/** What makes a pass's numbers doubtful, each said once: a port's disagreement is mostly among the warnings already. */
export const doubtsOf = ({ warnings, ports }: Pick<PassResult, "warnings" | "ports">): readonly string[] => [
  ...new Set([...warnings, ...ports.flatMap(({ disagreement }) => disagreement ?? [])]),
];

/** The hypervisor as it calls itself, where a host was asked; otherwise as the testbed file does. */
export const hypervisorOf = (trial: TrialResult): string =>
  trial.passes.flatMap(({ hosts }) => hosts)[0]?.hypervisor ?? trial.hypervisor;

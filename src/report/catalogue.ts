/** What each measurement is called in front of people, and what it means. The order here is the order in tables. */
import type { ProbeFate } from "../model/result.ts";

export interface Meaning {
  readonly label: string;
  readonly definition: string;
}

/** The four times that must never be confused: different numbers, labelled apart, always shown together. */
export const FOUR_TIMES = ["totalTime", "downtime", "blackout", "downtimeReported"] as const;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  totalTime: {
    label: "Total time",
    definition: "From the migrate command until the migration has completed, on the benchmark server's own clock.",
  },
  downtime: {
    label: "Downtime",
    definition: "How long a client could not reach the VM, seen by probes. The bounds come from actual send times.",
  },
  blackout: {
    label: "Blackout",
    definition: "How long the vCPUs stood still: from STOP on the source to RESUME on the destination.",
  },
  downtimeReported: { label: "Reported downtime", definition: "What the hypervisor itself claims as downtime." },
  totalTimeReported: { label: "Reported total time", definition: "What the hypervisor itself claims as total time." },
  setupTime: { label: "Setup time", definition: "What the hypervisor needed before it sent the first page." },
  lostProbeTime: {
    label: "Lost-probe time",
    definition: "Number of lost probes times the probe interval: how the original paper computed downtime.",
  },
  replyGap: {
    label: "Reply gap",
    definition: "The longest time between two replies that arrived one after the other.",
  },
  transferred: {
    label: "Data on the wire",
    definition: "Bytes that the migration put on the migration network, counted by the managed switch.",
  },
  transferredReported: { label: "Reported data", definition: "Bytes that the hypervisor says it transferred." },
  rounds: { label: "Rounds", definition: "How often the hypervisor went over the memory; the first copies all of it." },
};

const ORDER = Object.keys(MEANINGS);

/** `clockOffsetSource` → `Clock offset source`: for names that this version does not know yet. */
const humanise = (name: string): string => {
  const words = name.replace(/([a-z0-9])([A-Z])/gu, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const meaningOf = (name: string): Meaning => MEANINGS[name] ?? { label: humanise(name), definition: "" };

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
  held: "held, answered late",
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

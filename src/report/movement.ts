/** What was moved and how, in words. */
import type { Scenario } from "../model/plan.ts";
import type { TrialResult } from "../model/result.ts";
import { chosenBytes } from "../model/workload-words.ts";
import { formatChosen } from "./format.ts";

type Definition = Pick<Scenario, "migration" | "cold" | "disk" | "deadline" | "atDeadline" | "grace">;

const KINDS: Readonly<Record<Scenario["migration"], string>> = {
  memory: "memory migration",
  storage: "storage migration, disk and memory",
  "storage-incremental": "storage migration of what changed since an old copy",
  "storage-then-memory": "disk to a shared storage first, then memory",
  cold: "cold migration",
};

/** `cold migration, compressed with gzip, by scp`. */
export function kindInWords({ migration, cold }: Pick<Definition, "migration" | "cold">): string {
  if (migration !== "cold") return KINDS[migration];
  const compressed = cold.compression === "none" ? "not compressed" : `compressed with ${cold.compression}`;
  return `${KINDS.cold}, ${compressed}, by ${cold.copy}`;
}

/** `raw, sparse, with 64 MiB of data to check`. */
export function diskInWords({ disk }: Pick<Definition, "disk">): string {
  const { format, allocation, data, storage, to } = disk;
  return [
    format,
    allocation,
    ...(data > 0 ? [`with ${chosenBytes(data)} of data to check`] : []),
    ...(storage === undefined ? [] : [`on ${storage}`]),
    ...(to === undefined ? [] : [`moved to ${to}`]),
  ].join(", ");
}

const ACTIONS: Readonly<Record<Scenario["atDeadline"], string>> = {
  cancel: "it is cancelled",
  pause: "the VM is paused",
  "post-copy": "it is switched to post-copy",
  throttle: "the vCPUs are slowed down",
  cold: "it is cancelled and the VM is migrated cold",
};

/** `after 30 s the VM is paused, and 60 s later it is cancelled`. */
export function deadlineInWords({ deadline, atDeadline, grace }: Definition): string {
  const then = atDeadline === "cancel" ? "" : `, and ${formatChosen(grace, "s")} later it is cancelled`;
  return `after ${formatChosen(deadline, "s")} ${ACTIONS[atDeadline]}${then}`;
}

/** Whether the disk is one of the things that are moved. */
export const movesDisk = ({ migration }: Pick<Definition, "migration">): boolean => migration !== "memory";

/** What tells one kind of migration from another: how the disk is made belongs to it where the disk is moved. */
export const movementInWords = (definition: Definition): string =>
  movesDisk(definition) ? `${kindInWords(definition)}; disk ${diskInWords(definition)}` : kindInWords(definition);

/** Whether there are migrations of several kinds to compare. */
export const severalKinds = (trials: readonly Pick<TrialResult, "definition">[]): boolean =>
  new Set(trials.map(({ definition }) => movementInWords(definition))).size > 1;

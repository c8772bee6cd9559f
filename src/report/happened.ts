/** What happened in a migration, in sentences. */
import type { Late, PassResult, Recovery } from "../model/result.ts";
import { formatChosen, formatMoment, formatValue } from "./format.ts";

const DONE: Readonly<Record<Late["action"], (at: string) => string>> = {
  cancel: (at) => `it was cancelled at ${at}`,
  pause: (at) => `the VM was paused at ${at}`,
  "post-copy": (at) => `the rest was left to post-copy from ${at} on`,
  throttle: (at) => `the vCPUs were slowed down from ${at} on`,
  cold: (at) => `the live migration was cancelled at ${at} and the VM was migrated cold`,
};

/** `did not end within 30 s: the VM was paused at 30.0 s; the migration then ended 1.90 s later`, without a full stop. */
export function lateInWords(late: Late): string {
  const { action, t, deadline } = late;
  return `did not end within ${formatChosen(deadline, "s")}: ${DONE[action](formatValue(t, "s"))}${endInWords(late)}`;
}

function endInWords({ action, t, ended, how, helped }: Late): string {
  const later = ended === null ? "" : ` ${formatValue(Math.max(0, ended - t), "s")} later`;
  if (action === "cancel") return how === "completed" ? `; it completed all the same${later}` : "";
  if (helped)
    return action === "cold" ? `; it was started on the destination${later}` : `; the migration then ended${later}`;
  if (how === null) return "; how it ended is not recorded";
  return `; that did not help, and it ${how === "failed" ? "failed" : "was cancelled"}${later}`;
}

/** `its post-copy broke at 0.8000 s and was connected again 600 ms later`, without a full stop. */
export const recoveryInWords = ({ t, broken }: Recovery): string =>
  broken === null
    ? `its post-copy broke and was connected again at ${formatMoment(t)}`
    : `its post-copy broke at ${formatMoment(broken)} and was connected again ${formatValue(t - broken, "s")} later`;

/** Undefined where no data was on the disk to check. Without a full stop. */
export function diskCheckInWords({ diskCheck }: Pick<PassResult, "diskCheck">): string | undefined {
  if (!diskCheck) return undefined;
  const data = `${formatValue(diskCheck.bytes, "bytes")} of data on the VM's disk`;
  if (diskCheck.same === null) return `the ${data} were not read again`;
  return diskCheck.same
    ? `the ${data} were the same afterwards (${diskCheck.algorithm})`
    : `the ${data} were not the same afterwards (${diskCheck.algorithm} ${diskCheck.before.slice(0, 12)}… and ${(diskCheck.after ?? "none").slice(0, 12)}…)`;
}

/** `what the guest ...`: a sentence that begins. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What passes have to say, each said once with the kinds of pass that it concerns. */
export function saidBy(
  passes: readonly PassResult[],
  of: (pass: PassResult) => readonly string[],
): Map<string, PassResult["kind"][]> {
  const found = new Map<string, PassResult["kind"][]>();
  for (const pass of passes) for (const text of of(pass)) found.set(text, [...(found.get(text) ?? []), pass.kind]);
  return found;
}

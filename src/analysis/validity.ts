/** Why a pass does not count although it ran: what the trial found out itself, and what the records show. */
import type { Pass } from "./pass.ts";
import { orNull } from "./unknown.ts";

/** The trial's reasons first; the records' only where no reason of the trial speaks of the same workload's end. */
export function invalidReasons(pass: Pass): string[] {
  const told = pass.onDisk.record?.invalid ?? [];
  const { workloads } = pass;
  const lanes = orNull(() => workloads.lanes("guest"));
  if (!lanes) return [...told];
  const found = workloads.planned.flatMap(({ kind }, number) => {
    const lane = lanes.find(({ about }) => about.lane === number);
    const name = `workload ${number + 1} (${kind})`;
    if (!lane) return [{ kind, reason: undefined, text: `${name} recorded nothing` }];
    if (!lane.end) return [{ kind, reason: undefined, text: `${name} has no end in its records: it may have died` }];
    const { how, reason } = lane.end;
    return how === "died" ? [{ kind, reason, text: `${name} died${reason === undefined ? "" : `: ${reason}`}` }] : [];
  });
  const same = (text: string, kind: string, reason: string | undefined): boolean =>
    (reason !== undefined && text.includes(reason)) ||
    (text.includes(kind) && /\bdied\b|\bdead\b|\bended\b/u.test(text));
  return [
    ...told,
    ...found.filter(({ kind, reason }) => !told.some((text) => same(text, kind, reason))).map(({ text }) => text),
  ];
}

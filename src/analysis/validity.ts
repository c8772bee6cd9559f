/** Why a pass does not count although it ran: what the trial found out itself, and what the records show. */
import type { Pass } from "./pass.ts";
import { orNull } from "./unknown.ts";
import type { Side } from "./workload-records.ts";

/** The trial's reasons first, each said once: it judges the same records by the same words. */
export function invalidReasons(pass: Pass): string[] {
  const told = pass.onDisk.record?.invalid ?? [];
  return [...new Set([...told, ...endings(pass, "guest"), ...endings(pass, "peer")])];
}

/** Of records that cannot be read nothing is said here: their absence is an unknown, and a failure of its phase. */
function endings({ workloads }: Pass, side: Side): string[] {
  const lanes = orNull(() => workloads.lanes(side));
  if (!lanes) return [];
  return workloads.planned.flatMap(({ kind }, number) => {
    if (side === "peer" && kind !== "tcp" && kind !== "udp") return [];
    const name = `${side === "peer" ? "the peer of " : ""}workload ${number} (${kind})`;
    const end = lanes.find(({ about }) => about.lane === number)?.end;
    if (!end) return [`${name} left no account of its end`];
    return end.how === "died" ? [`${name} died: ${end.reason ?? "no reason given"}`] : [];
  });
}

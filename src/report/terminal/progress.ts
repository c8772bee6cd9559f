/** The changing line of a live view: how far the migration is and what the probes see. */
import type { RunEvent } from "../../model/events.ts";
import type { MigrationProgress } from "../../model/migration.ts";
import { formatValue } from "../format.ts";

/** What is known of the pass that runs now. */
export interface Course {
  progress?: MigrationProgress;
  probes?: { readonly sent: number; readonly answered: number };
}

/** Takes over what an event tells; a new pass begins with nothing known. */
export function follow(course: Course, event: RunEvent): Course {
  switch (event.type) {
    case "pass-started":
      return {};
    case "migration-progress":
      return { ...course, progress: event.progress };
    case "probe-progress":
      return { ...course, probes: { sent: event.sent, answered: event.answered } };
    // What was said of the migration does not hold for the migration back.
    case "phase-finished":
      if (event.phase !== "migrate") return course;
      return course.probes ? { probes: course.probes } : {};
    default:
      return course;
  }
}

function bar(done: number): string {
  const full = Math.round(Math.max(0, Math.min(1, done)) * 16);
  return "█".repeat(full) + "░".repeat(16 - full);
}

/** Lines under the running phase, none while nothing is known. */
export function courseLines({ progress, probes }: Course): string[] {
  const lines: string[] = [];
  if (progress) {
    const { round, remaining, total, throughput, dirtyRate, throttle, status, diskRemaining, diskTotal } = progress;
    const known = remaining !== undefined && total !== undefined && total > 0;
    const disk = diskRemaining !== undefined && diskTotal !== undefined && diskTotal > 0;
    if (disk)
      lines.push(`disk  ${bar(1 - diskRemaining / diskTotal)}  ${formatValue(diskRemaining, "bytes")} of it remaining`);
    const parts = [
      round === undefined ? status : `round ${round}`,
      known ? bar(1 - remaining / total) : "",
      remaining === undefined ? "" : `${formatValue(remaining, "bytes")} remaining`,
      throughput === undefined ? "" : formatValue(throughput, "bits/s"),
      dirtyRate === undefined ? "" : `dirtied at ${formatValue(dirtyRate, "bytes/s")}`,
      throttle === undefined || throttle === 0 ? "" : `throttled ${formatValue(throttle, "share")}`,
    ];
    lines.push(parts.filter((part) => part !== "").join("  "));
  }
  if (probes)
    lines.push(
      `probes: ${formatValue(probes.sent, "count")} sent, ${formatValue(Math.max(0, probes.sent - probes.answered), "count")} unanswered so far`,
    );
  return lines;
}

/** The parts of a migration in several steps, and the deadline and recoveries on its way. */
import { MigrationPart, type MigrationRecord } from "../model/migration.ts";
import type { Scenario } from "../model/plan.ts";
import type { Late, Part, Recovery } from "../model/result.ts";
import type { Moments } from "./moments.ts";
import { samplesOf } from "./samples.ts";
import type { Timeline } from "./timeline.ts";
import { binary, decimal, megabytes } from "./words.ts";

type Event = Extract<MigrationRecord, { record: "event" }>;

const eventsOf = (records: readonly MigrationRecord[]): Event[] =>
  records.filter((line): line is Event => line.record === "event");

/** In the order in which they began. A part that is told twice was done twice. */
export function partsOf(records: readonly MigrationRecord[], timeline: Timeline): Part[] {
  const parts: Part[] = [];
  for (const { kind, detail, observed } of eventsOf(records)) {
    const part = MigrationPart.safeParse(detail);
    if (!part.success || (kind !== "part" && kind !== "part-end")) continue;
    const t = timeline.at(observed);
    if (kind === "part") {
      parts.push({ part: part.data, start: t, end: null });
      continue;
    }
    const index = parts.findLastIndex((one) => one.part === part.data && one.end === null);
    if (index < 0) parts.push({ part: part.data, start: null, end: t });
    else parts[index] = { ...parts[index]!, end: t };
  }
  return parts.sort((a, b) => (a.start ?? a.end ?? 0) - (b.start ?? b.end ?? 0));
}

/** @returns null when the deadline did not come, or when nothing says so. */
export function lateOf(
  records: readonly MigrationRecord[],
  timeline: Timeline,
  { deadline, end }: Moments,
  scenario: Pick<Scenario, "deadline" | "grace">,
): Late | null {
  if (!deadline) return null;
  const { action, t } = deadline;
  return {
    action,
    t,
    deadline: scenario.deadline,
    grace: scenario.grace,
    why: leftAt(records, timeline, t),
    ended: end?.t ?? null,
    how: end?.kind ?? null,
    helped: action !== "cancel" && end?.kind === "completed",
  };
}

/** What the hypervisor said last before `t`. */
function leftAt(records: readonly MigrationRecord[], timeline: Timeline, t: number): string {
  const last = samplesOf(records, timeline).findLast(
    (sample) => sample.t <= t && (sample.progress.remaining ?? sample.progress.diskRemaining) !== undefined,
  );
  if (!last) return "the hypervisor had not told how much was left";
  const { remaining, diskRemaining, diskTotal, round, dirtyRate, throughput } = last.progress;
  const left = [
    ...(diskRemaining !== undefined && (diskTotal ?? diskRemaining) > 0
      ? [`${binary(diskRemaining)} of the disk${diskTotal === undefined ? "" : ` of ${binary(diskTotal)}`}`]
      : []),
    ...(remaining === undefined ? [] : [`${binary(remaining)} of memory`]),
  ];
  const where = round === undefined ? "" : ` in round ${round}`;
  const rates =
    dirtyRate === undefined || dirtyRate === 0 || throughput === undefined
      ? ""
      : `; the guest dirtied ${megabytes(dirtyRate)} and ${megabytes(throughput / 8)} were sent`;
  return `${left.join(" and ")} were left${where} (as of ${decimal(Math.max(0, t - last.t))} s before)${rates}`;
}

/** Each of them with the last moment before at which the hypervisor said that post-copy had stopped. */
export function recoveriesOf(records: readonly MigrationRecord[], timeline: Timeline): Recovery[] {
  const events = eventsOf(records);
  return events.flatMap((event, index): Recovery[] => {
    if (event.kind !== "recover") return [];
    const since = events.slice(0, index).findLastIndex(({ kind }) => kind === "recover");
    const broke = events
      .slice(since + 1, index)
      .find(({ kind, detail }) => kind === "status" && detail?.startsWith("postcopy-paused"));
    return [{ t: timeline.at(event.observed), broken: broke ? timeline.at(broke.observed) : null }];
  });
}

/** One axis for everything: seconds from the migrate command. */
import type { MigrationEvent, MigrationRecord } from "../model/migration.ts";
import type { PassRecord } from "../model/run.ts";
import type { Instant } from "../model/time.ts";
import { PROBE_RECORD, type ProbeLog } from "../run/read/probes.ts";
import { orNull, Unknown } from "./unknown.ts";

export type Host = "source" | "destination";
type Event = Extract<MigrationRecord, { record: "event" }>;

/** A moment on the axis; null bounds where nothing is known of the clock that gave it. */
export interface Mark {
  /** Seconds. */
  readonly t: number;
  /** Seconds, plus or minus; null when it is not known. */
  readonly uncertainty: number | null;
  readonly source: string;
}

export interface Timeline {
  /** Microseconds on the benchmark server's monotonic clock that are time 0. */
  readonly originMono: number;
  /** From an instant of our own. */
  at(instant: Instant): number;
  /** From a wall-clock time in seconds of `host` ("benchmark": ours). */
  wall(host: Host | "benchmark", wholeSeconds: number, nanoseconds: number): number;
  /** Seconds by which the clock of `host` may be off after its correction; null when it was not measured. */
  uncertainty(host: Host | "benchmark"): number | null;
  /** The hypervisor's own stamp where it gave one, corrected; else when we learned of it. */
  event(event: MigrationEvent): Mark;
}

/** @throws Unknown when neither a command nor the beginning of the migrate phase is recorded. */
export function timelineOf(
  migration: () => readonly MigrationRecord[],
  record: PassRecord | null,
  probes: () => ProbeLog,
): Timeline {
  const origin = originOf(migration, record);
  const wallZero = wallAt(origin, orNull(probes));
  const offsets = new Map(record?.clockOffsets.map((entry) => [entry.host as string, entry]));
  const at = (instant: Instant): number => (instant.mono - origin.mono) / 1e6;
  const wall: Timeline["wall"] = (host, wholeSeconds, nanoseconds) =>
    // Whole seconds first: a wall clock in nanoseconds does not fit a double.
    wholeSeconds - wallZero.seconds + (nanoseconds - wallZero.nanoseconds) / 1e9 - (offsets.get(host)?.offset ?? 0);
  const uncertainty = (host: Host | "benchmark"): number | null =>
    host === "benchmark" ? 0 : (offsets.get(host)?.uncertainty ?? null);
  return {
    originMono: origin.mono,
    at,
    wall,
    uncertainty,
    event: (event) => {
      if (event.reported === undefined)
        return { t: at(event.observed), uncertainty: null, source: `migration.jsonl, ${event.kind} as observed` };
      const seconds = Math.floor(event.reported / 1e6);
      const t = wall(event.host, seconds, (event.reported - seconds * 1e6) * 1e3);
      return { t, uncertainty: uncertainty(event.host), source: `migration.jsonl, ${event.kind} on the ${event.host}` };
    },
  };
}

function originOf(migration: () => readonly MigrationRecord[], record: PassRecord | null): Instant {
  const command = (orNull(migration) ?? []).find(
    (line): line is Event => line.record === "event" && line.kind === "command",
  );
  if (command) return command.observed;
  const phase = record?.phases.find(({ name, outcome }) => name === "migrate" && outcome !== "skipped");
  if (phase) return phase.start;
  throw new Unknown("no migrate command is recorded");
}

/**
 * The wall clock at an instant. The prober reads both clocks together and within nanoseconds, where an `Instant` of a
 * script's runtime may be off by a millisecond or two: with a probe log the wall clock is taken from there.
 */
function wallAt(origin: Instant, log: ProbeLog | null): { seconds: number; nanoseconds: number } {
  let nanoseconds = BigInt(origin.wall) * 1000n;
  if (log) {
    const since = Number(BigInt(origin.mono) * 1000n - log.startMono);
    let skew = 0;
    for (let r = 0; r < log.length; r++) {
      if (log.kind[r] !== PROBE_RECORD.sent) continue;
      if (log.mono[r]! > since) break;
      skew = log.wall[r]! - log.mono[r]!;
    }
    nanoseconds = log.startWall + BigInt(Math.round(since + skew));
  }
  return { seconds: Number(nanoseconds / 1_000_000_000n), nanoseconds: Number(nanoseconds % 1_000_000_000n) };
}

/** More than the drift that clock discipline may cause (500 parts in a million), plus what reading the pair costs. */
const DRIFT = 500e-6;
const READING = 5e-3;

/** @returns the steps of the wall clock between the pairs of a pass, in seconds; positive: it jumped ahead. */
export function wallClockSteps(clocks: readonly Instant[]): number[] {
  const steps: number[] = [];
  for (let i = 1; i < clocks.length; i++) {
    const before = clocks[i - 1]!;
    const now = clocks[i]!;
    const step = (now.wall - before.wall - (now.mono - before.mono)) / 1e6;
    if (Math.abs(step) > READING + (DRIFT * (now.mono - before.mono)) / 1e6) steps.push(step);
  }
  return steps;
}

/** The hypervisor's account of dirtied memory against the workloads' own, over the same time. */
import type { DirtyRateReading } from "../model/artifacts.ts";
import type { DirtyTracking, Measurement } from "../model/result.ts";
import { dirtiedBetween, dirtiedWithin, type Writer, writersOf } from "./dirtied.ts";
import { Bounded, type Finding, measured } from "./finding.ts";
import type { Pass } from "./pass.ts";
import { type SyncPeriod, syncPeriods } from "./sync-periods.ts";
import { orNull, Unknown } from "./unknown.ts";
import { decimal, megabytes } from "./words.ts";

/** Share by which the two may differ beyond all bounds. */
const MARGIN = 0.1;
/** Pages that the guest's system and the agent write to beside the workloads, in any stretch between two looks. */
const SYSTEM_PAGES = 1024;
/** Seconds by which the beginning of a round may be off: events and samples have milliseconds. */
const ROUND_BLUR = 2e-3;

/** What else the guest does dirties pages of its own, which no workload counts. */
const DIRTYING: ReadonlySet<string> = new Set(["disk-write", "disk-read", "tcp", "udp"]);

/** Its own measurements before the migration, then what it said in the rounds. */
export function dirtyTrackingOf(pass: Pass): DirtyTracking[] {
  const readings = orNull(pass.artifacts.dirtyRate) ?? [];
  return [...readings.map((reading) => ofReading(pass, reading)), ...ofRounds(pass)];
}

function ofReading(pass: Pass, reading: DirtyRateReading): DirtyTracking {
  const { bytesPerSecond, resolution, how } = reading;
  const timeline = pass.timeline();
  const [from, to] = [timeline.at(reading.start), timeline.at(reading.end)];
  const seconds = Math.min(reading.seconds > 0 ? reading.seconds : to - from, to - from);
  const hypervisor: Measurement = {
    value: bytesPerSecond,
    unit: "bytes/s",
    low: Math.max(0, bytesPerSecond - resolution),
    high: bytesPerSecond + resolution,
    source: "dirty-rate.jsonl",
  };
  const guest = guestRate(pass, seconds, SYSTEM_PAGES, (writers, slack) =>
    dirtiedWithin(writers, from, to, seconds, slack),
  );
  return compare(how, from, hypervisor, guest, resolution);
}

function ofRounds(pass: Pass): DirtyTracking[] {
  const writers = orNull(() => writersOf(pass.workloads));
  const rounds = orNull(pass.rounds);
  // Without knowing what a round's rate counts there is nothing to hold against it.
  const counts = pass.onDisk.record?.hosts.some(({ dirtyRateCounts }) => dirtyRateCounts === "sync-periods") ?? false;
  if (!writers || !rounds || !counts) return [];
  const postCopy = pass.artifacts
    .migration()
    .find((line) => line.record === "event" && line.kind === "switch-to-post-copy");
  const until = postCopy?.record === "event" ? pass.timeline().at(postCopy.observed) : Number.POSITIVE_INFINITY;
  const needed = orNull(pass.convergence)?.needed;
  const hidden = needed?.high ?? needed?.value ?? null;
  return syncPeriods(rounds, until).map((period) => ofPeriod(pass, period, hidden));
}

/**
 * QEMU counts the pages of each sync anew, so a page that was dirtied in two rounds of a period counts twice. It does not
 * count those that were still to be sent from the round before, which are no more than it may leave for the blackout.
 * @param hidden bytes of these, at each sync; null: not known.
 */
function ofPeriod(pass: Pass, period: SyncPeriod, hidden: number | null): DirtyTracking {
  const { syncs, firstRound, lastRound, dirtyRate } = period;
  const [from, to] = [syncs[0]!, syncs.at(-1)!];
  const looks = syncs.length - 1;
  const guest = guestRate(pass, to - from, SYSTEM_PAGES * looks, (writers, slack) => {
    const parts = syncs.slice(1).map((sync, i) => dirtiedBetween(writers, syncs[i]!, sync, slack + ROUND_BLUR));
    const sum = (of: (part: Finding) => number): number => parts.reduce((total, part) => total + of(part), 0);
    const page = pass.workloads.agent("guest").pageSize;
    const low = hidden === null ? undefined : sum((part) => Math.max(0, (part.low ?? 0) - hidden / page));
    return { value: sum(({ value }) => value), low, high: sum(({ high, value }) => high ?? value) };
  });
  const hypervisor: Measurement = { value: dirtyRate, unit: "bytes/s", source: "migration.jsonl" };
  const rounds = firstRound === lastRound ? `round ${firstRound}` : `rounds ${firstRound} to ${lastRound}`;
  return compare(`${rounds} of the migration`, from, hypervisor, guest, 0);
}

/** @param beside pages that may have been written to beside the workloads. */
function guestRate(
  pass: Pass,
  seconds: number,
  beside: number,
  count: (writers: readonly Writer[], slack: number) => Finding,
): Measurement {
  const { workloads } = pass;
  const others = workloads.planned.some(({ kind }) => DIRTYING.has(kind));
  return measured(
    "bytes/s",
    others ? "workload.jsonl; the other workloads dirty memory as well" : "workload.jsonl",
    () => {
      const writers = writersOf(workloads);
      if (!(seconds > 0)) throw new Unknown("it lasted no time");
      const page = workloads.agent("guest").pageSize;
      const rate = (pages: number | undefined): number | undefined =>
        pages === undefined ? undefined : (pages * page) / seconds;
      const boundsOf = ({ low, high }: { low?: number | undefined; high?: number | undefined }) => ({
        low: rate(low),
        high: others || high === undefined ? undefined : rate(high + beside),
      });
      try {
        const found = count(writers, workloads.slack("guest", 0));
        return { value: rate(found.value)!, ...boundsOf(found) };
      } catch (error) {
        if (error instanceof Bounded) throw new Bounded(error.message, boundsOf(error));
        throw error;
      }
    },
  );
}

function compare(
  how: string,
  t: number,
  hypervisor: Measurement,
  guest: Measurement,
  resolution: number,
): DirtyTracking {
  const of = guest.value ?? guest.high ?? null;
  const margin = MARGIN + (of !== null && of > 0 ? resolution / of : 0);
  const ratio = measured("share", "hypervisor over guest", () => {
    if (guest.value === null) throw new Unknown(guest.unknown ?? "the guest's count is unknown");
    if (guest.value === 0 || hypervisor.value === null) throw new Unknown("the guest dirtied nothing");
    return { value: hypervisor.value / guest.value };
  });
  return { how, t, hypervisor, guest, ratio, margin, verdict: verdictOf(hypervisor, guest) };
}

/** Bounds that are further from the value than this many times do not show that the two agree. */
const TELLING = 2;

/**
 * They differ when no two values within their bounds are within the margin of each other. They agree when the values are,
 * or when bounds that are narrow enough to tell allow it.
 */
function verdictOf(hypervisor: Measurement, guest: Measurement): DirtyTracking["verdict"] {
  if (hypervisor.value === null) return "unknown";
  const [low, high] = [hypervisor.low ?? hypervisor.value, hypervisor.high ?? hypervisor.value];
  const near = (guestLow: number, guestHigh: number): boolean =>
    high >= guestLow * (1 - MARGIN) && low <= guestHigh * (1 + MARGIN);
  if (!near(guest.low ?? 0, guest.high ?? Number.POSITIVE_INFINITY)) return "differs";
  if (guest.value === null) return "unknown";
  if (near(guest.value, guest.value)) return "agrees";
  const { low: least = 0, high: most = Number.POSITIVE_INFINITY } = guest;
  return least * TELLING >= guest.value && most <= guest.value * TELLING ? "agrees" : "unknown";
}

/** For the warnings: each measurement of its own that differs, and what differed in the rounds in one sentence. */
export function dirtyTrackingWarnings(all: readonly DirtyTracking[]): string[] {
  const differing = all.filter(({ verdict }) => verdict === "differs");
  const inRounds = differing.filter(({ how }) => how.endsWith("of the migration"));
  const sentence = ({ how, hypervisor, guest, ratio }: DirtyTracking): string => {
    const counted = ratio.value === null ? "other pages than" : `${decimal(ratio.value * 100)} % of the pages that`;
    const own = guest.value ?? (hypervisor.value! < (guest.low ?? 0) ? guest.low : guest.high) ?? null;
    const rates =
      own === null ? megabytes(hypervisor.value!) : `${megabytes(hypervisor.value!)} against ${megabytes(own)}`;
    return `the hypervisor counted ${counted} the guest dirtied: ${how}, ${rates}`;
  };
  const odd = ({ ratio }: DirtyTracking): number => Math.abs(Math.log(Math.max(ratio.value ?? 1, 1e-9)));
  const worst = inRounds.reduce<DirtyTracking | null>(
    (most, one) => (most && odd(most) >= odd(one) ? most : one),
    null,
  );
  const times = inRounds.length > 1 ? ` (and ${inRounds.length - 1} more of its rates)` : "";
  return [
    ...differing.filter((one) => !inRounds.includes(one)).map(sentence),
    ...(worst ? [`${sentence(worst)}${times}`] : []),
  ];
}

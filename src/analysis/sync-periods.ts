/** Which time a rate refers to that the hypervisor gave at the beginning of a round. */
import type { Round } from "../model/result.ts";

/** QEMU counts at each sync of its bitmap, that is at each round's beginning, and divides when a second or more has passed. */
const AT_LEAST = 1;
/** Beginnings of rounds are known to a few milliseconds: a stretch of just a second may have been divided or not. */
const BLUR = 5e-3;

export interface SyncPeriod {
  /** The syncs, seconds on the axis: the first one begins the period, the last one ends it. */
  readonly syncs: readonly number[];
  readonly firstRound: number;
  readonly lastRound: number;
  /** Bytes per second, as the hypervisor gave it for the period. */
  readonly dirtyRate: number;
}

/**
 * As QEMU computes `dirty-pages-rate` (migration_bitmap_sync in migration/ram.c): at a sync that comes more than a second
 * after the last computation. Ends where it cannot be told whether a sync did.
 * @param until seconds on the axis: rounds that begin later are not those of pre-copy.
 */
export function syncPeriods(rounds: readonly Round[], until: number): SyncPeriod[] {
  const periods: SyncPeriod[] = [];
  let syncs: number[] = [];
  let firstRound = 0;
  for (const [i, { round, start }] of rounds.entries()) {
    // A round that nobody saw hides a sync.
    if (start > until || round !== i + 1) break;
    syncs.push(start);
    const since = start - syncs[0]!;
    if (i === 0) firstRound = round;
    if (i === 0 || since < AT_LEAST - BLUR) continue;
    if (since <= AT_LEAST + BLUR) break;
    const dirtyRate = rounds[i - 1]!.dirtyRate;
    if (dirtyRate !== null) periods.push({ syncs, firstRound, lastRound: round - 1, dirtyRate });
    syncs = [start];
    firstRound = round;
  }
  return periods;
}

/** The distribution of a calibration's errors, and whether the bar is met. Pure. */
import type { Comparison, PairScore } from "./score.ts";
import { OUTAGE_CLASSES, type OutageClass } from "./script.ts";

/** Absolute errors in seconds; quantiles by nearest rank. */
export interface ErrorDistribution {
  readonly class: OutageClass | "all";
  readonly outages: number;
  /** Outages that no probe noticed. */
  readonly unseen: number;
  /** Outages whose bounds contain the truth. */
  readonly within: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Mean of the signed errors: what the estimate is off by in one direction. */
  readonly bias: number;
  /** Median distance between the upper and the lower bound. */
  readonly width: number;
}

export interface Calibration {
  /** Seconds between probes. */
  readonly interval: number;
  /** All classes, and "all" as the last. */
  readonly distributions: readonly ErrorDistribution[];
  readonly outside: readonly Comparison[];
  /** Outages found that neither the script nor the target's record of its own stalls explains. */
  readonly unexplained: number;
  /** Outages found where the target had stalled by itself: real, but not scripted. */
  readonly stalls: number;
  /** Scripted outages that a stall of the target prolonged; the truth has the whole of them. */
  readonly prolonged: number;
  readonly sent: number;
  readonly missed: number;
  /** Bounds contain the truth in all, and the 99th percentile of the error is at most one probe interval. */
  readonly met: boolean;
}

export function summarize(scores: readonly PairScore[], interval: number): Calibration {
  const all = scores.flatMap((score) => score.comparisons);
  const distributions = [
    ...OUTAGE_CLASSES.map((name) =>
      distributionOf(
        name,
        all.filter((one) => one.class === name),
      ),
    ),
    distributionOf("all", all),
  ].filter((distribution) => distribution.outages > 0);
  const total = (of: (score: PairScore) => number): number => scores.reduce((sum, score) => sum + of(score), 0);
  const overall = distributions.at(-1);
  return {
    interval,
    distributions,
    outside: all.filter((one) => !one.within),
    unexplained: total((score) => score.unexplained.length),
    stalls: total((score) => score.stalls),
    prolonged: total((score) => score.prolonged),
    sent: total((score) => score.sent),
    missed: total((score) => score.missed),
    met: overall !== undefined && overall.within === overall.outages && overall.p99 <= interval,
  };
}

function distributionOf(name: ErrorDistribution["class"], comparisons: readonly Comparison[]): ErrorDistribution {
  const errors = comparisons.map((one) => Math.abs(one.error)).sort((a, b) => a - b);
  const widths = comparisons.map((one) => one.measured.high - one.measured.low).sort((a, b) => a - b);
  return {
    class: name,
    outages: comparisons.length,
    unseen: comparisons.filter((one) => !one.seen).length,
    within: comparisons.filter((one) => one.within).length,
    median: nearestRank(errors, 0.5),
    p90: nearestRank(errors, 0.9),
    p99: nearestRank(errors, 0.99),
    max: errors.at(-1) ?? 0,
    bias: comparisons.reduce((sum, one) => sum + one.error, 0) / Math.max(1, comparisons.length),
    width: nearestRank(widths, 0.5),
  };
}

/** The smallest of the ascending values that at least `share` of them do not exceed; 0 when there are none. */
export function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

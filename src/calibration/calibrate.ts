/**
 * Calibration: outages of known length, measured by the same prober and the same analysis as a trial, and how far the
 * measured ones are from the truth.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProbes } from "../run/read/probes.ts";
import { openNamespace } from "./namespace.ts";
import { playPair } from "./pair.ts";
import { type PairScore, scorePair } from "./score.ts";
import { drawScript, scriptLength } from "./script.ts";
import { type Calibration, summarize } from "./summary.ts";

export interface CalibrationOptions {
  /** Outages in all. */
  readonly outages: number;
  /** Seconds between probes. */
  readonly interval: number;
  readonly family: "ipv4" | "ipv6";
  readonly seed: number;
  /** Probers with their targets that run side by side. */
  readonly parallel: number;
  /** Keep scripts, truths and logs here; without it they are removed. */
  readonly keep?: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { done: number; of: number; secondsLeft: number }) => void;
}

/**
 * Runs a calibration in network namespaces of its own and leaves nothing behind.
 * @throws MigrascopeError PRIVILEGE_MISSING, PACKAGES_MISSING, PROBER_FAILED, CANCELLED.
 */
export async function calibrate(options: CalibrationOptions): Promise<Calibration> {
  const pairs = Math.min(options.parallel, options.outages);
  const scripts = Array.from({ length: pairs }, (_, index) => {
    const share = Math.floor(options.outages / pairs) + (index < options.outages % pairs ? 1 : 0);
    return drawScript(share, options.seed * 1000 + index);
  });
  const seconds = Math.max(...scripts.map(scriptLength));
  const began = performance.now();
  let done = 0;
  const onTruth = (): void => {
    done++;
    const secondsLeft = Math.max(0, seconds - (performance.now() - began) / 1000);
    options.onProgress?.({ done, of: options.outages, secondsLeft });
  };

  const directory = options.keep ?? (await mkdtemp(join(tmpdir(), "migrascope-calibration-")));
  const namespace = await openNamespace("calibration");
  // When one pair fails, the others must not go on for minutes.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  try {
    const playing = scripts.map(async (script, index): Promise<PairScore> => {
      try {
        const { machine } = namespace;
        const { family, interval } = options;
        const record = await playPair({ machine, index, family, interval, script, directory, onTruth, signal });
        return scorePair(readProbes(record.probes), record.truth);
      } catch (error) {
        failed.abort();
        throw error;
      }
    });
    const settled = await Promise.allSettled(playing);
    const failures = settled.filter((result) => result.status === "rejected").map((result) => result.reason);
    // Those that were stopped because of another's failure say only CANCELLED: the cause comes first.
    if (failures.length > 0) throw failures.find((error) => error.code !== "CANCELLED") ?? failures[0];
    const scores = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    return summarize(scores, options.interval);
  } finally {
    await namespace.close();
    if (options.keep === undefined) await rm(directory, { recursive: true, force: true });
  }
}

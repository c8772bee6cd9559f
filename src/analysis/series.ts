/** The columns that figures draw. */
import type { PassSeries } from "../model/result.ts";
import type { Pass } from "./pass.ts";
import { type Sample, samplesOf } from "./samples.ts";
import { orNull } from "./unknown.ts";
import { workloadSeries } from "./workload-series.ts";

export function seriesOf(trial: string, pass: Pass): PassSeries {
  const flights = orNull(pass.flights);
  const fate = orNull(pass.fates);
  const timeline = orNull(pass.timeline);
  const moments = orNull(pass.moments);
  const records = orNull(pass.artifacts.migration) ?? [];
  return {
    trial,
    pass: pass.onDisk.kind,
    probes:
      flights && fate
        ? {
            sequence: flights.sequence,
            sent: flights.sent,
            rtt: flights.received.map((t, i) => t - flights.sent[i]!),
            fate,
          }
        : null,
    progress: timeline ? progressOf(samplesOf(records, timeline)) : [],
    workloads: workloadSeries(pass),
    marks: { stop: moments?.stop?.t ?? null, resume: moments?.resume?.t ?? null, end: moments?.end?.t ?? null },
  };
}

/** Hypervisors give zero for a rate until they have measured it first: that is not a rate of zero. */
function progressOf(samples: readonly Sample[]): PassSeries["progress"] {
  const measured = (field: "throughput" | "dirtyRate"): number => {
    const first = samples.findIndex(({ progress }) => (progress[field] ?? 0) > 0);
    return first < 0 ? samples.length : first;
  };
  const from = { throughput: measured("throughput"), dirtyRate: measured("dirtyRate") };
  return samples.map(({ t, progress }, i) => ({
    t,
    remaining: progress.remaining ?? null,
    throughput: i < from.throughput ? null : (progress.throughput ?? null),
    dirtyRate: i < from.dirtyRate ? null : (progress.dirtyRate ?? null),
    throttle: progress.throttle ?? null,
    round: progress.round ?? null,
    diskTotal: progress.diskTotal ?? null,
    diskRemaining: progress.diskRemaining ?? null,
    diskTransferred: progress.diskTransferred ?? null,
  }));
}

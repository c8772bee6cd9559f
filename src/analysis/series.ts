/** The columns that figures draw. */
import type { PassSeries } from "../model/result.ts";
import type { Pass } from "./pass.ts";
import { orNull } from "./unknown.ts";

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
    progress: records.flatMap((line) =>
      line.record === "progress" && timeline
        ? [
            {
              t: timeline.at(line.at),
              remaining: line.remaining ?? null,
              throughput: line.throughput ?? null,
              dirtyRate: line.dirtyRate ?? null,
              throttle: line.throttle ?? null,
              round: line.round ?? null,
            },
          ]
        : [],
    ),
    marks: { stop: moments?.stop?.t ?? null, resume: moments?.resume?.t ?? null, end: moments?.end?.t ?? null },
  };
}

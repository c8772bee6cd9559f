/** What an outage is made of: the marks that it passes, and the time from each to the next. */
import type { Anatomy, Announcement } from "../model/result.ts";
import type { Flights } from "./flights.ts";
import type { Moments } from "./moments.ts";
import type { DetectedOutage } from "./outages.ts";
import type { TapView } from "./taps.ts";

export interface AnatomyInputs {
  readonly flights: Flights;
  readonly outage: DetectedOutage;
  /** Seconds, the median round trip. */
  readonly usual: number;
  readonly source: TapView | null;
  readonly destination: TapView | null;
  readonly moments: Moments;
  readonly announcements: readonly Announcement[];
}

type AnatomyMark = Anatomy["marks"][number];

/**
 * The segments lead from each known mark to the next in the order in which they should come. Where a mark comes before
 * its predecessor its segment is negative: the order is shown as it was. So the segments always add up to the total.
 */
export function anatomyOf(inputs: AnatomyInputs): Anatomy {
  const marks = marksOf(inputs);
  const known = marks.filter((mark): mark is AnatomyMark & { t: number } => mark.t !== null);
  // In whole nanoseconds, so that the segments add up to the total to the last digit.
  const lengths = known.slice(1).map((mark, i) => nanoseconds(mark.t) - nanoseconds(known[i]!.t));
  const segments = lengths.map((ns, i) => ({ from: known[i]!.id, to: known[i + 1]!.id, seconds: ns / 1e9 }));
  const total = lengths.reduce((sum, ns) => sum + ns, 0) / 1e9;
  const answered = known.at(-1)?.id === "first-reply";
  const unexplained = answered ? Math.max(0, (segments.at(-1)?.seconds ?? 0) - inputs.usual) : 0;
  return { marks, segments, total, unexplained };
}

const nanoseconds = (seconds: number): number => Math.round(seconds * 1e9);

function marksOf({ flights, outage, source, destination, moments, announcements }: AnatomyInputs): AnatomyMark[] {
  const { begin, end } = outage;
  // The silence ends with the reply that bounds the outage's end; all marks but the first lie before it.
  const firstReply = outage.open.end ? null : end.high;
  const left = source && latestBefore(source.reply, firstReply ?? Number.POSITIVE_INFINITY);
  const heard = latestBefore(flights.received, silenceStart(outage));
  const stop = moments.stop?.t ?? begin.low;
  const announced =
    announcements.find(({ t, seenAt }) => t >= stop && seenAt === "destination") ??
    announcements.find(({ t }) => t >= stop);
  const delivered = destination && earliestFrom(destination.request, moments.resume?.t ?? stop);
  return [
    {
      id: "last-reply-source",
      label: "last reply from the source",
      t: left ?? heard,
      source: left === null ? "probes.bin, as it arrived" : "capture-source.pcap",
    },
    {
      id: "stop",
      label: "STOP: the vCPUs stand still",
      t: moments.stop?.t ?? null,
      source: moments.stop?.source ?? "migration.jsonl",
    },
    {
      id: "resume",
      label: "RESUME: they run on the destination",
      t: moments.resume?.t ?? null,
      source: moments.resume?.source ?? "migration.jsonl",
    },
    {
      id: "first-announcement",
      label: `first announcement${announced ? ` (${announced.kind})` : ""}`,
      t: announced?.t ?? null,
      source: announced ? `capture-${announced.seenAt}.pcap` : "captures",
    },
    {
      id: "first-request-delivered",
      label: "first request delivered at the destination",
      t: delivered,
      source: "capture-destination.pcap",
    },
    { id: "first-reply", label: "first reply at the client", t: firstReply, source: "probes.bin" },
  ];
}

/** When the last reply before the outage's silence arrived. */
const silenceStart = (outage: DetectedOutage): number =>
  outage.replyGap === null ? outage.begin.high : outage.end.high - outage.replyGap;

function latestBefore(column: Float64Array, limit: number): number | null {
  let latest: number | null = null;
  for (const t of column) if (t <= limit && (latest === null || t > latest)) latest = t;
  return latest;
}

function earliestFrom(column: Float64Array, from: number): number | null {
  let earliest: number | null = null;
  for (const t of column) if (t >= from && (earliest === null || t < earliest)) earliest = t;
  return earliest;
}

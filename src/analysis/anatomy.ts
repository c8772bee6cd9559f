/** What an outage is made of: the marks that it passes, and the time from each to the next. */
import type { Anatomy, Announcement } from "../model/result.ts";
import { CAPTURE_OF } from "./artifacts.ts";
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

const NAMES: Readonly<Record<Announcement["kind"], string>> = {
  rarp: "RARP",
  "gratuitous-arp": "gratuitous ARP",
  "unsolicited-na": "neighbour advertisement",
};

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
  return { marks, segments, total, unexplained: unexplainedOf(marks, inputs.usual) };
}

/** Beyond a usual round trip, nothing says what the VM or the network did between a request's delivery and the reply. */
function unexplainedOf(marks: readonly AnatomyMark[], usual: number): number | null {
  const [delivered, reply] = ["first-request-delivered", "first-reply"].map(
    (wanted) => marks.find(({ id }) => id === wanted)?.t ?? null,
  );
  return delivered == null || reply == null ? null : Math.max(0, reply - delivered - usual);
}

const nanoseconds = (seconds: number): number => Math.round(seconds * 1e9);

function marksOf({ flights, outage, source, destination, moments, announcements }: AnatomyInputs): AnatomyMark[] {
  const { begin, end } = outage;
  // The silence ends with the reply that bounds the outage's end; all marks but the first lie before it.
  const firstReply = outage.open.end ? null : end.high;
  const { resume } = moments;
  // Where the VM goes on: on the source when the migration came to nothing.
  const stayed = resume === null && moments.resumeSource !== null;
  const again = resume ?? moments.resumeSource;
  const [host, tap] = stayed ? (["source", source] as const) : (["destination", destination] as const);
  // From a VM that goes on answering there, later replies leave the source too.
  const until = resume === null ? silenceStart(outage) : (firstReply ?? Number.POSITIVE_INFINITY);
  const left = source && latestBefore(source.reply, until);
  const heard = latestBefore(flights.received, silenceStart(outage));
  const stop = moments.stop?.t ?? begin.low;
  const announced =
    announcements.find(({ t, seenAt }) => t >= stop && seenAt === host) ?? announcements.find(({ t }) => t >= stop);
  const delivered = tap && earliestFrom(tap.request, again?.t ?? stop);
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
      label: stayed ? "RESUME: they run on the source again" : "RESUME: they run on the destination",
      t: again?.t ?? null,
      source: again?.source ?? "migration.jsonl",
    },
    {
      id: "first-announcement",
      label: `first announcement${announced ? ` (${NAMES[announced.kind]})` : ""}`,
      t: announced?.t ?? null,
      source: announced ? `capture-${announced.seenAt}.pcap` : "captures",
    },
    {
      id: "first-request-delivered",
      label: `first request delivered at the ${host}`,
      t: delivered,
      source: CAPTURE_OF[host],
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

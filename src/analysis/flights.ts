/** The prober's records put together: one entry per probe, from its departure to its first reply, on one time axis. */
import { FLAG_OTHER_ADDRESS, FLAG_OWN_TIMESTAMP, PROBE_RECORD, type ProbeLog } from "../run/read/probes.ts";

const NS_PER_S = 1e9;

/**
 * Every tick for which the prober called the kernel, in the order of its sequence numbers. Times are seconds on the
 * monotonic clock from the origin; NaN where there is none.
 */
export interface Flights {
  /** Seconds between ticks. */
  readonly interval: number;
  readonly length: number;
  readonly sequence: Float64Array;
  /** When it left: the kernel's own timestamp where there is one, else the moment before the call. */
  readonly sent: Float64Array;
  /** Arrival of the first reply; NaN when it was never answered. */
  readonly received: Float64Array;
  /** 1 where the kernel refused the probe: nothing is known from it, so it is neither good nor lost. */
  readonly refused: Uint8Array;
  /** Ticks that were over before the prober could send. */
  readonly missed: number;
  /** Replies beyond the first to the same probe. */
  readonly duplicates: number;
  /** Replies that arrived after the reply to a later probe. */
  readonly reordered: number;
  /** Replies from another address than the one that was asked. */
  readonly strangers: number;
  /** Replies to probes that the log does not have (their records were lost). */
  readonly unmatched: number;
  /** When the log ends, seconds: until then a missing reply is known to be missing. */
  readonly logEnd: number;
}

/**
 * @param originMono microseconds on CLOCK_MONOTONIC that become time 0 (the migrate command).
 *
 * Kernel timestamps are wall clock. Each is carried to the monotonic clock by the difference of both clocks at the last
 * sent probe, so that a step of the wall clock spoils nothing but the stamps right at the step; those are recognised by
 * coming before the probe or after we read them, and our own reading takes their place.
 */
export function assembleFlights(log: ProbeLog, originMono: number): Flights {
  const origin = Number(BigInt(Math.round(originMono)) * 1000n - log.startMono);
  const axis = (monoNs: number): number => (monoNs - origin) / NS_PER_S;
  const order = sentInOrder(log);
  const index = new Map<number, number>();
  const length = order.length;
  const sequence = new Float64Array(length);
  const before = new Float64Array(length);
  const skew = new Float64Array(length);
  const sent = new Float64Array(length);
  const received = new Float64Array(length).fill(Number.NaN);
  const refused = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const r = order[i]!;
    index.set(log.sequence[r]!, i);
    sequence[i] = log.sequence[r]!;
    before[i] = log.mono[r]!;
    skew[i] = log.wall[r]! - log.mono[r]!;
    sent[i] = before[i]!;
    if (log.kind[r] === PROBE_RECORD.sendError) refused[i] = 1;
  }

  let missed = 0;
  let duplicates = 0;
  let strangers = 0;
  let unmatched = 0;
  let latestSkew = 0;
  let last = 0;
  for (let r = 0; r < log.length; r++) {
    const kind = log.kind[r]!;
    if (kind !== PROBE_RECORD.departed && log.mono[r]! > last) last = log.mono[r]!;
    if (kind === PROBE_RECORD.missed) missed += log.count[r]!;
    if (kind === PROBE_RECORD.sent) latestSkew = log.wall[r]! - log.mono[r]!;
    if (kind !== PROBE_RECORD.departed && kind !== PROBE_RECORD.reply) continue;
    const i = index.get(log.sequence[r]!);
    if (i === undefined) {
      if (kind === PROBE_RECORD.reply) unmatched++;
      continue;
    }
    if (kind === PROBE_RECORD.departed) {
      const departed = log.wall[r]! - skew[i]!;
      if (departed >= before[i]! && departed - before[i]! < NS_PER_S) sent[i] = departed;
      continue;
    }
    if (!Number.isNaN(received[i]!)) duplicates++;
    if ((log.flags[r]! & FLAG_OTHER_ADDRESS) !== 0) strangers++;
    const read = log.mono[r]!;
    const stamped = log.wall[r]! - latestSkew;
    const own = (log.flags[r]! & FLAG_OWN_TIMESTAMP) !== 0 || stamped > read || stamped < before[i]!;
    const arrival = own ? read : stamped;
    if (!(received[i]! <= arrival)) received[i] = arrival;
  }
  // A departure stamp later than the reply's is a stamp's noise, not a reply before its request.
  for (let i = 0; i < length; i++) if (sent[i]! > received[i]!) sent[i] = before[i]!;

  let reordered = 0;
  let latest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    sent[i] = axis(sent[i]!);
    received[i] = axis(received[i]!);
    if (received[i]! < latest) reordered++;
    if (received[i]! > latest) latest = received[i]!;
  }
  const { interval } = log;
  const logEnd = axis(last);
  const counts = { missed, duplicates, reordered, strangers, unmatched };
  return { interval, length, sequence, sent, received, refused, ...counts, logEnd };
}

/** Indices of the records of sent and refused probes by sequence number; the file has them in this order already. */
function sentInOrder(log: ProbeLog): number[] {
  const records: number[] = [];
  for (let r = 0; r < log.length; r++)
    if (log.kind[r] === PROBE_RECORD.sent || log.kind[r] === PROBE_RECORD.sendError) records.push(r);
  records.sort((a, b) => log.sequence[a]! - log.sequence[b]!);
  return records.filter((r, i) => i === 0 || log.sequence[r] !== log.sequence[records[i - 1]!]);
}

/** Leaves out the unanswered probes at the end whose reply may still have been on its way when the log ended. */
export function withoutUnderway(flights: Flights, threshold: number): Flights {
  let { length } = flights;
  const underway = (i: number): boolean =>
    Number.isNaN(flights.received[i]!) && flights.sent[i]! > flights.logEnd - threshold;
  while (length > 0 && underway(length - 1)) length--;
  if (length === flights.length) return flights;
  const [sequence, sent, received] = [flights.sequence, flights.sent, flights.received].map((c) =>
    c.subarray(0, length),
  );
  const refused = flights.refused.subarray(0, length);
  return { ...flights, length, sequence: sequence!, sent: sent!, received: received!, refused };
}

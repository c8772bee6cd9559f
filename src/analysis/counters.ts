/** Differences of octet counters that wrap, and of what the network does when nothing is migrated. */
import { Unknown } from "./unknown.ts";

/** One reading of one counter. */
export interface Tick {
  /** Seconds. */
  readonly t: number;
  readonly octets: bigint;
  readonly moment: "background" | "before" | "during" | "after";
  readonly settled: boolean;
}

export interface CounterOptions {
  /** Bits of the counter. */
  readonly width: 32 | 64;
  /** Bits per second that the link can carry at most; null when not known. */
  readonly rate: number | null;
  /** Seconds by which a reading may be older than it says: no longer than the counters were waited for to stand still. */
  readonly age: number;
}

/** Bytes, bounded. `high` null: nothing bounds it. */
export interface Counted {
  readonly value: number;
  readonly low: number;
  readonly high: number | null;
}

export interface Traffic {
  /** From the reading before to the reading after, background subtracted. */
  readonly bytes: Counted;
  /** What was subtracted; null when there was no reading to tell it from, and nothing was subtracted. */
  readonly background: Counted | null;
  readonly settled: boolean;
}

/**
 * Adds up the differences of successive readings. A difference of a 32-bit counter is taken modulo 2^32, which is right
 * as long as it wraps at most once between two readings; a 64-bit counter that falls was reset.
 * @returns bytes. @throws Unknown for a reset, and for readings so far apart that a second wrap would go unseen.
 */
export function octetsBetween(ticks: readonly Tick[], { width, rate, age }: CounterOptions): number {
  let sum = 0n;
  for (let i = 1; i < ticks.length; i++) {
    const apart = ticks[i]!.t - ticks[i - 1]!.t;
    let more = ticks[i]!.octets - ticks[i - 1]!.octets;
    if (width === 64 && more < 0n) throw new Unknown("the counter was reset during the pass");
    if (width === 32) {
      if (rate !== null && (apart * rate) / 8 >= 2 ** 32)
        throw new Unknown(`two readings are ${Math.round(apart)} s apart: a 32-bit counter may have wrapped twice`);
      if (more < 0n) {
        more += 1n << 32n;
        // A counter that starts anew falls too, and would be taken for a wrap.
        if (rate !== null && Number(more) > PLAUSIBLE * ((apart + age) / 8) * rate + SMALL)
          throw new Unknown("the counter fell by more than the link can carry: it was reset during the pass");
      }
    }
    sum += more;
  }
  return Number(sum);
}

/**
 * The traffic of a migration at one counter.
 *
 * The background rate comes from the readings before the migration and is subtracted for the time between the readings
 * before and after. It may have ceased, so the upper bound has nothing subtracted; for the lower one both readings and
 * those that the rate came from may be older than they say by `age`.
 * @throws Unknown when a reading is absent, or as `octetsBetween`.
 */
export function trafficOf(ticks: readonly Tick[], options: CounterOptions): Traffic {
  const start = ticks.findLastIndex(({ moment }) => moment === "before");
  const end = ticks.findLastIndex(({ moment }) => moment === "after");
  if (start < 0) throw new Unknown("the counters were not read before the migration");
  if (end < start) throw new Unknown("the counters were not read after the migration");
  const all = octetsBetween(ticks.slice(start, end + 1), options);
  const apart = ticks[end]!.t - ticks[start]!.t;
  const background = backgroundOf(ticks.slice(0, start + 1), apart, options);
  const settled = ticks[start]!.settled && ticks[end]!.settled;
  const value = Math.max(0, all - (background?.value ?? 0));
  const low = Math.max(0, all - (background?.high ?? all));
  const high = settled ? all : null;
  return { bytes: { value, low: Math.min(low, value), high }, background, settled };
}

/**
 * What the background amounts to over `apart` seconds, judged from the last still stretch before the migration. An agent
 * that caches shows at once what happened while it did not look: the first change in the stretch may be of before it, and
 * only what came after that change is of a known time.
 */
function backgroundOf(ticks: readonly Tick[], apart: number, options: CounterOptions): Counted | null {
  const last = ticks.at(-1)!;
  const still = ticks.findIndex(({ t }) => t >= last.t - options.age - SLACK);
  // One reading is no rate: reach one further back.
  const from = still === ticks.length - 1 ? Math.max(0, still - 1) : still;
  const span = last.t - ticks[from]!.t;
  if (span <= 0) return null;
  const octets = octetsBetween(ticks.slice(from), options);
  const known = options.age > 0 ? knownStretch(ticks.slice(from), options.age) : ticks.slice(from);
  const value = (octetsBetween(known, options) / (known.at(-1)!.t - known[0]!.t)) * apart;
  const highest = (octets / Math.max(span - options.age, span * FRESH)) * (apart + options.age);
  return { value, low: 0, high: Math.max(value, highest) };
}

/**
 * From the first change to the last one, or to the end where the counter then stood still for `age`: by then the agent
 * has looked again. A single change of late leaves nothing but the whole stretch to judge by.
 */
function knownStretch(ticks: readonly Tick[], age: number): readonly Tick[] {
  const changes = ticks.flatMap(({ octets }, i) => (i > 0 && octets !== ticks[i - 1]!.octets ? [i] : []));
  const [first, last] = [changes[0], changes.at(-1)];
  if (first === undefined || last === undefined) return ticks;
  if (ticks.at(-1)!.t - ticks[last]!.t >= age) return ticks.slice(first);
  return first === last ? ticks : ticks.slice(first, last + 1);
}

/** How much more than its rate a link may seem to carry, and octets that any link carries in no time. */
const PLAUSIBLE = 1.1;
const SMALL = 2 ** 20;
/**
 * Share of the still stretch that its two readings surely span, were they of different age: agents cache for up to 3 s,
 * and 4 s are waited for. Without such a floor, a stretch no longer than `age` would say nothing at all.
 */
const FRESH = 0.25;
/** Seconds between two looks while waiting for still counters, and some: the stretch may begin one look earlier. */
const SLACK = 0.75;

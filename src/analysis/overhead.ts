/** How much more than the hypervisor's own count may be on the wire before the two disagree. */

/** TCP payload of a full segment with timestamps, and its Ethernet frame as an interface counts it (no checksum, no preamble). */
const SEGMENT_PAYLOAD = 1448;
const SEGMENT_FRAME = 1514;
/** Retransmissions, segments that are not full, and a return path's acknowledgements: share of the whole. */
const IMPERFECT = 0.02;
/** Headers of pages: 8 bytes for each page of 4096. Some hypervisors count them, some do not. */
const PAGE_HEADERS = 8 / 4096;
/** Device state and the handshake, which a count of memory leaves out. Bytes. */
const BESIDE_MEMORY = 2 * 2 ** 20;

export interface Expectation {
  /** Bytes. */
  readonly low: number;
  readonly high: number;
}

/** What the wire may show for so many bytes of payload: never less, and not more than all headers and some waste. */
export function wireBytesFor(payload: number): Expectation {
  const headers = (SEGMENT_FRAME / SEGMENT_PAYLOAD) * (1 + PAGE_HEADERS) * (1 + IMPERFECT);
  return { low: payload, high: payload * headers + BESIDE_MEMORY };
}

/** Two counters of the same frames at both ends of a cable may differ by what is under way and by a little background. */
export function sameFrames(bytes: number): Expectation {
  const slack = bytes * 1e-3 + 64 * 2 ** 10;
  return { low: bytes - slack, high: bytes + slack };
}

/** @returns a sentence when no value between `low` and `high` is as expected, else undefined. */
export function disagreementOf(
  measured: { low: number; high: number | null },
  expected: Expectation,
  names: { measured: string; other: string },
): string | undefined {
  const { low, high } = measured;
  if (high !== null && high < expected.low)
    return `${names.measured} counted at least ${Math.round(expected.low - high)} bytes less than ${names.other} can explain`;
  if (low > expected.high)
    return `${names.measured} counted at least ${Math.round(low - expected.high)} bytes more than ${names.other} can explain`;
  return undefined;
}

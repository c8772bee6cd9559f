/** Numbered datagrams as they arrive: what is missing, what came twice, what came late. */

/** So many of the latest numbers are remembered. At 100,000 datagrams per second that is over a second. */
export const REMEMBERED = 2 ** 17;

export interface Finding {
  readonly kind: "lost" | "duplicate" | "reordered";
  /** Number of the first datagram concerned. */
  readonly sequence: number;
  /** How many in a row. */
  readonly count: number;
}

/**
 * A number beyond the next one means that those between are lost, which is said at once: whether they will still come
 * cannot be known. When one of them does, it is reordered, which takes back its loss: lost for good is what was said to
 * be lost, less what was reordered. A number that came before is a duplicate. What is older than the memory counts as a
 * duplicate too, since that takes nothing back.
 */
export class Arrivals {
  readonly #came = new Uint8Array(REMEMBERED);
  #next = 0;

  /** One above the highest number that came. */
  get next(): number {
    return this.#next;
  }

  /** Takes the datagram of that number; undefined: it was the next one. */
  take(sequence: number): Finding | undefined {
    const next = this.#next;
    if (sequence >= next) {
      this.#forget(next, sequence);
      this.#came[sequence % REMEMBERED] = 1;
      this.#next = sequence + 1;
      return sequence === next ? undefined : { kind: "lost", sequence: next, count: sequence - next };
    }
    const place = sequence % REMEMBERED;
    if (sequence < next - REMEMBERED || this.#came[place] === 1) return { kind: "duplicate", sequence, count: 1 };
    this.#came[place] = 1;
    return { kind: "reordered", sequence, count: 1 };
  }

  /** The sender says that it has sent so many in all; what is missing at the end is lost. */
  end(count: number): Finding | undefined {
    const next = this.#next;
    if (count <= next) return undefined;
    this.#forget(next, count - 1);
    this.#next = count;
    return { kind: "lost", sequence: next, count: count - next };
  }

  /** None of these has come; their places were those of older ones. */
  #forget(first: number, last: number): void {
    if (last - first >= REMEMBERED) {
      this.#came.fill(0);
      return;
    }
    for (let sequence = first; sequence <= last; sequence++) this.#came[sequence % REMEMBERED] = 0;
  }
}

/**
 * The 64-bit words of a TCP connection, counting up from 0. They are handled as pairs of 32-bit halves, low half first
 * as on the wire: BigInts would cost more than the network does.
 */

/** Bytes of a word. */
export const WORD = 8;

/** Writes the words of one connection. */
export class WordWriter {
  #low: number;
  #high: number;

  /** @param first number of the first word. */
  constructor(first = 0) {
    this.#low = first >>> 0;
    this.#high = Math.floor(first / 2 ** 32);
  }

  /** @param halves an even number of them. */
  fill(halves: Uint32Array): void {
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < halves.length; at += 2) {
      halves[at] = low;
      halves[at + 1] = high;
      low = (low + 1) >>> 0;
      if (low === 0) high++;
    }
    this.#low = low;
    this.#high = high;
  }
}

/** Checks the words of one connection, however the network cuts them. */
export class WordReader {
  readonly #onWrong: (sequence: number, count: number) => void;
  #scratch = new Uint8Array(2 ** 16 + WORD);
  #halves = new Uint32Array(this.#scratch.buffer);
  /** Bytes at the start of the scratch space that are the beginning of a word. */
  #carried = 0;
  #low: number;
  #high: number;
  /** The run of wrong words that has not ended. */
  #wrong = { first: 0, count: 0 };

  /**
   * @param onWrong told of each run of words that were not what they should be, when it has ended.
   * @param first number of the first word.
   */
  constructor(onWrong: (sequence: number, count: number) => void, first = 0) {
    this.#onWrong = onWrong;
    this.#low = first >>> 0;
    this.#high = Math.floor(first / 2 ** 32);
  }

  /** Number of the next word. */
  get next(): number {
    return this.#high * 2 ** 32 + this.#low;
  }

  read(chunk: Uint8Array): void {
    const length = this.#carried + chunk.length;
    if (length > this.#scratch.length) this.#grow(length);
    // Copied even where the chunk's own place in memory would do: one path, and a tenth of what reading it has cost.
    this.#scratch.set(chunk, this.#carried);
    const words = Math.floor(length / WORD);
    this.#check(words);
    this.#carried = length - words * WORD;
    this.#scratch.copyWithin(0, words * WORD, length);
  }

  /** Tells of a run of wrong words that has not ended yet. */
  flush(): void {
    const { first, count } = this.#wrong;
    if (count > 0) this.#onWrong(first, count);
    this.#wrong = { first: 0, count: 0 };
  }

  #check(words: number): void {
    const halves = this.#halves;
    let low = this.#low;
    let high = this.#high;
    for (let at = 0; at < words * 2; at += 2) {
      if (halves[at] !== low || halves[at + 1] !== high) {
        if (this.#wrong.count === 0) this.#wrong.first = high * 2 ** 32 + low;
        this.#wrong.count++;
      } else if (this.#wrong.count > 0) this.flush();
      low = (low + 1) >>> 0;
      if (low === 0) high++;
    }
    this.#low = low;
    this.#high = high;
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.ceil(length / WORD) * WORD);
    larger.set(this.#scratch.subarray(0, this.#carried));
    this.#scratch = larger;
    this.#halves = new Uint32Array(larger.buffer);
  }
}

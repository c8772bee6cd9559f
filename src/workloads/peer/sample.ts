/** Percentiles of however many values, in bounded memory and without chance. */

const ROOM = 1024;

/** Lowest and highest are exact; the percentiles are those of an even sample: of every value, every second, fourth… */
export class Sample {
  readonly #kept = new Float64Array(ROOM);
  #length = 0;
  #stride = 1;
  #count = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }
  get low(): number {
    return this.#low;
  }
  get high(): number {
    return this.#high;
  }

  add(value: number): void {
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
    if (this.#count++ % this.#stride !== 0) return;
    if (this.#length === ROOM) {
      for (let at = 0; at < ROOM / 2; at++) this.#kept[at] = this.#kept[at * 2]!;
      this.#length = ROOM / 2;
      this.#stride *= 2;
    }
    this.#kept[this.#length++] = value;
  }

  /** The smallest value that at least this share of the sample does not exceed. Only when there are values. */
  percentile(share: number): number {
    const sorted = this.#kept.subarray(0, this.#length).toSorted();
    return sorted[Math.max(0, Math.ceil(share * this.#length) - 1)]!;
  }

  clear(): void {
    this.#length = 0;
    this.#stride = 1;
    this.#count = 0;
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
  }
}

/** How much may be sent by when: an absolute schedule that makes up for small delays and never for a stall. */
import type { Step } from "./options.ts";

/**
 * Lateness that is made up for, ns. Timers on a busy machine are late by some milliseconds, and a rate that is within 1 %
 * in each second must make up for those; a VM that stood still is not to be met with a burst.
 */
export const MADE_UP_FOR = 50e6;

/** Between two portions at least so much time passes, ns: half of a timer's millisecond, which may end early. */
const QUANTUM = 0.5e6;
/** However late, no more is due at once than this time asks for, ns: a burst would fill the receiver's buffers. */
const AT_ONCE = 4e6;

export interface Stall {
  /** ns of our monotonic clock. */
  readonly start: number;
  readonly length: number;
}

/** Times are ns of one monotonic clock, quantities the lane's units. */
export class Pace {
  readonly #steps: readonly Step[] | undefined;
  readonly #start: number;
  readonly #grain: number;
  readonly #round: { readonly length: number; readonly units: number };
  /** Units. */
  readonly #atOnce: number;
  /** Units sent, and those that a stall has forgiven. */
  #settled = 0;
  /** Units up to which the latest portion goes, and when it was given. */
  #portion = { until: 0, at: Number.NEGATIVE_INFINITY };
  /** When something was last sent, or nothing was due. */
  #active: number;

  /**
   * @param steps a rate that changes over time, again from the start after its end; undefined: flat out.
   * @param grain units that are not divided.
   */
  constructor(steps: readonly Step[] | undefined, start: number, grain = 1) {
    this.#steps = steps;
    this.#start = start;
    this.#grain = grain;
    this.#active = start;
    let length = 0;
    let units = 0;
    for (const step of steps ?? []) {
      length += step.length;
      units += (step.length / 1e9) * step.rate;
    }
    this.#round = { length, units };
    this.#atOnce = Math.max(grain, (AT_ONCE / 1e9) * Math.max(0, ...(steps ?? []).map(({ rate }) => rate)));
  }

  get flatOut(): boolean {
    return this.#steps === undefined;
  }

  /** Units that the rate asks for from the beginning to `now`; null: flat out. */
  asked(now: number): number | null {
    if (this.#steps === undefined) return null;
    const rounds = Math.floor((now - this.#start) / this.#round.length);
    let left = now - this.#start - rounds * this.#round.length;
    let units = rounds * this.#round.units;
    for (const step of this.#steps) {
      const length = Math.min(left, step.length);
      units += (length / 1e9) * step.rate;
      left -= length;
    }
    return units;
  }

  /**
   * Units that may be sent now, in whole grains. To be called only when something could be sent: from the time in which nothing
   * could or did although something was due, it learns of a stall, and tells `onStall`.
   */
  due(now: number, onStall: (stall: Stall) => void): number {
    const stall = { start: this.#active, length: now - this.#active };
    const stalled = stall.length > MADE_UP_FOR;
    const asked = this.asked(now);
    if (asked === null) {
      if (stalled) onStall(stall);
      this.#active = now;
      return Number.POSITIVE_INFINITY;
    }
    if (asked - this.#settled < this.#grain) {
      this.#active = now;
      return 0;
    }
    // A long wait for the next unit of a low rate is no stall: what is due came due only just now.
    if (stalled && this.asked(now - MADE_UP_FOR)! - this.#settled >= this.#grain) {
      onStall(stall);
      this.#active = now;
      this.#settled = asked;
      return 0;
    }
    // Where a rate is beyond what can be sent, the arrears are not kept for later either.
    this.#settled = Math.max(this.#settled, Math.min(asked - this.#grain, this.asked(now - MADE_UP_FOR)!));
    if (now - this.#portion.at >= QUANTUM)
      this.#portion = { until: Math.min(asked, this.#settled + this.#atOnce), at: now };
    return Math.max(0, Math.floor((this.#portion.until - this.#settled) / this.#grain) * this.#grain);
  }

  /** Takes note that so many units were handed over. */
  sent(units: number, now: number): void {
    this.#settled += units;
    this.#active = now;
  }
}

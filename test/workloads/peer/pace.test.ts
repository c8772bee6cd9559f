import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MADE_UP_FOR, Pace, type Stall } from "../../../src/workloads/peer/pace.ts";

const MS = 1e6;
const S = 1e9;
const steady = (rate: number) => [{ length: S, rate }];

/** Sends all that is due at each of these moments, ns; what was sent by then, and the stalls. */
function serve(pace: Pace, moments: Iterable<number>) {
  const stalls: Stall[] = [];
  const portions: number[] = [];
  let sent = 0;
  for (const moment of moments) {
    const due = pace.due(moment, (stall) => stalls.push(stall));
    portions.push(due);
    sent += due;
    if (due > 0) pace.sent(due, moment);
  }
  return { sent, stalls, portions };
}

function* every(step: number, from: number, to: number): Generator<number> {
  for (let moment = from; moment <= to; moment += step) yield moment;
}

describe("what a rate asks for", () => {
  test("is a function of the time alone", () => {
    const pace = new Pace(steady(1000), 5 * S);
    expect(pace.asked(5 * S)).toBe(0);
    expect(pace.asked(7.5 * S)).toBe(2500);
  });
  test("follows the steps, and begins again after the last", () => {
    const pace = new Pace(
      [
        { length: 100 * MS, rate: 1000 },
        { length: 50 * MS, rate: 0 },
        { length: 50 * MS, rate: 4000 },
      ],
      0,
    );
    expect(pace.asked(50 * MS)).toBeCloseTo(50);
    expect(pace.asked(120 * MS)).toBeCloseTo(100);
    expect(pace.asked(175 * MS)).toBeCloseTo(200);
    expect(pace.asked(200 * MS)).toBeCloseTo(300);
    expect(pace.asked(2 * S + 50 * MS)).toBeCloseTo(3050);
  });
  test("is unknown flat out, where everything is due", () => {
    const pace = new Pace(undefined, 0);
    expect(pace.asked(S)).toBeNull();
    expect(serve(pace, [1]).sent).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("what is due", () => {
  test("is what was asked for, to a portion, whenever the timer fires", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 100_000_000 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 100, maxLength: 300 }),
        (rate, delays) => {
          let moment = 0;
          const moments = delays.map((delay) => (moment += delay * 0.25 * MS));
          // The last portions in good time, so that what was late is made up for.
          const quiet = [...every(MS, moment + MS, moment + 200 * MS)];
          const { sent, stalls } = serve(new Pace(steady(rate), 0, 8), [...moments, ...quiet]);
          expect(stalls).toEqual([]);
          const asked = (quiet.at(-1)! / S) * rate;
          expect(sent).toBeLessThanOrEqual(asked);
          expect(sent).toBeGreaterThan(asked - 8 - (rate * 1.01 * MS) / S);
          expect(sent % 8).toBe(0);
        },
      ),
    );
  });
  test("comes in portions of half a millisecond at least, not unit by unit", () => {
    const { portions } = serve(new Pace(steady(10_000_000), 0), every(1000, 0, 100 * MS));
    expect(portions.filter((portion) => portion > 0).length).toBeLessThanOrEqual(201);
  });
  test("of a low rate comes in whole grains, and waiting for it is no stall", () => {
    const { sent, stalls } = serve(new Pace(steady(16), 0, 8), every(MS, 0, 10 * S));
    expect(sent).toBe(160);
    expect(stalls).toEqual([]);
  });
});

describe("after a time in which nothing could be sent", () => {
  test("a short one is made up for, but not in one burst", () => {
    const rate = 1_000_000;
    const pace = new Pace(steady(rate), 0);
    const { sent, stalls, portions } = serve(pace, [...every(MS, 0, S), ...every(MS, S + 40 * MS, 1.2 * S)]);
    expect(stalls).toEqual([]);
    expect(sent).toBeGreaterThan(1.2 * rate - 1001);
    expect(Math.max(...portions)).toBeLessThanOrEqual(rate * 0.004);
  });
  test("a long one is a stall, and forgiven", () => {
    const rate = 1_000_000;
    const pace = new Pace(steady(rate), 0);
    const { sent, stalls, portions } = serve(pace, [...every(MS, 0, S), ...every(MS, 4 * S, 5 * S)]);
    expect(stalls).toEqual([{ start: S, length: 3 * S }]);
    expect(sent).toBeGreaterThan(2 * rate - 2001);
    expect(sent).toBeLessThanOrEqual(2 * rate);
    expect(Math.max(...portions)).toBeLessThanOrEqual(rate * 0.0011);
  });
  test("where nothing was asked for it is none", () => {
    const pace = new Pace(
      [
        { length: S, rate: 1000 },
        { length: 3 * S, rate: 0 },
      ],
      0,
    );
    const { stalls } = serve(pace, [...every(MS, 0, S), ...every(MS, 3.9 * S, 4.5 * S)]);
    expect(stalls).toEqual([]);
  });
  test("flat out it is a stall too", () => {
    const { stalls } = serve(new Pace(undefined, 0), [0, MADE_UP_FOR, 3 * MADE_UP_FOR]);
    expect(stalls).toEqual([{ start: MADE_UP_FOR, length: 2 * MADE_UP_FOR }]);
  });
});

test("arrears of a rate that is never reached do not grow", () => {
  const pace = new Pace(steady(1_000_000), 0);
  // One unit per millisecond goes, a thousand are asked for; then everything goes.
  for (const moment of every(MS, 0, 10 * S)) {
    pace.due(moment, () => {});
    pace.sent(1, moment);
  }
  expect(serve(pace, every(MS, 10 * S + MS, 11 * S)).sent).toBeLessThanOrEqual(1_000_000 * 1.051);
});

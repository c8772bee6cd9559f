import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brownoutOf, meanRate, type Standstill } from "../../src/analysis/brownout.ts";
import { lanesOf, type PlacedWindow, placeWindows } from "../../src/analysis/lanes.ts";
import { agentRecords, type GuestWorld, guestTime, TICK, TYPICAL, trueSlow, trueWork } from "./guest-world.ts";

const PAGE = 4096;
/** Windows of a world whose clock is known exactly: here only what is made of them is in question. */
const windowsOf = (world: GuestWorld): PlacedWindow[] => {
  const step = guestTime(world, world.stop);
  const lost = world.clockStops ? world.resume - world.stop : 0;
  const place = (mono: number, nanoseconds = 0): number => {
    const guest = mono / 1e6 + nanoseconds / 1e9;
    return guest - world.offset + (guest > step + 1e-6 ? lost : 0);
  };
  return placeWindows(lanesOf(agentRecords(world, 0))[0]!, place, world.window * 1e6);
};
const stillOf = ({ stop, resume }: GuestWorld): Standstill => ({ from: stop, to: resume, uncertainty: 2e-4 });
const END = 3;

/** Slow from the command until after the blackout, as under pre-copy; and a while after it. */
const slowed = (during: number, after: number, back: number): GuestWorld => ({
  ...TYPICAL,
  rate: (t) => 5000 * (t < 0 ? 1 : t < TYPICAL.resume ? during : t < back ? after : 1),
});

describe("the brownout", () => {
  test("has the truth within its bounds, however deep and long it is", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        fc.double({ min: 2.5, max: 5, noNaN: true }),
        fc.boolean(),
        fc.constantFrom(0.9, 0.5, 0.1),
        fc.double({ min: -9, max: -8, noNaN: true }),
        (during, after, back, clockStops, share, from) => {
          // On the limit itself rounding decides.
          fc.pre([during, after].every((one) => Math.abs(one - share) > 0.02 && Math.abs(one - 0.9) > 0.02));
          const world = { ...slowed(during, after, back), clockStops, from };
          const brownout = brownoutOf(windowsOf(world), stillOf(world), END, 1e-4);
          expect(brownout.back).toBe(true);
          const found = brownout.below(share);
          const truth = trueSlow(world, 5000, share, 0, brownout.until);
          expect(found.low).toBeLessThanOrEqual(truth + 2 * TICK);
          expect(found.high).toBeGreaterThanOrEqual(truth - 2 * TICK);
          expect(found.low).toBeLessThanOrEqual(found.value);
          expect(found.high).toBeGreaterThanOrEqual(found.value);
          // The blackout is never missed, though it may lie within a window.
          expect(found.low).toBeGreaterThan(world.resume - world.stop - 1e-3);
          const work = brownout.lost();
          const lost = (5000 * brownout.until - trueWork(world, 0, brownout.until)) * PAGE;
          expect(work.low).toBeLessThanOrEqual(lost + 10 * PAGE);
          expect(work.high).toBeGreaterThanOrEqual(lost - 10 * PAGE);
        },
      ),
    );
  });

  test("of a steady guest is the blackout alone, to the uncertainty of its clocks", () => {
    const brownout = brownoutOf(windowsOf(TYPICAL), stillOf(TYPICAL), END, 1e-4);
    const found = brownout.below(0.1);
    expect(found.value).toBeCloseTo(0.2, 3);
    expect(found.low).toBeCloseTo(0.2 - 2e-4, 3);
    expect(brownout.usual).toBeCloseTo(5000 * PAGE, -5);
    expect(brownout.until).toBeLessThan(END + 0.2);
    expect(brownout.lost().value / PAGE).toBeCloseTo(1000, -2);
  });

  test("without a witness of the blackout sees it as the windows do", () => {
    const windows = windowsOf(TYPICAL);
    const { value } = brownoutOf(windows, null, END, 1e-4).below(0.5);
    expect(value).toBeCloseTo(0.3, 2);
    expect(brownoutOf(windows, null, END, 1e-4).below(0.1).value).toBe(0);
  });

  test("that outlasts the recording has no upper bound, and says so", () => {
    const brownout = brownoutOf(windowsOf(slowed(0.3, 0.3, 100)), stillOf(TYPICAL), END, 1e-4);
    expect(brownout.back).toBe(false);
    for (const found of [brownout.below(0.5), brownout.lost()]) {
      expect(found.high).toBeUndefined();
      expect(found.source).toContain("not back when the recording ended");
    }
    expect(brownout.below(0.5).value).toBeCloseTo(8, 1);
  });

  test("ends where most of ten windows in a row are as usual, not at the first that is", () => {
    const world: GuestWorld = { ...TYPICAL, rate: (t) => (t > 3 && t < 5 && Math.floor(t * 5) % 3 > 0 ? 500 : 5000) };
    const { until } = brownoutOf(windowsOf(world), stillOf(world), END, 1e-4);
    expect(until).toBeGreaterThan(4.1);
    expect(until).toBeLessThan(5.2);
  });

  test("is unknown with fewer than ten windows before the command, or where nothing was done", () => {
    const windows = windowsOf({ ...TYPICAL, from: -0.95 });
    expect(() => brownoutOf(windows, null, END, 0)).toThrow("only 9 windows");
    expect(() => brownoutOf(windowsOf({ ...TYPICAL, rate: () => 0 }), null, END, 0)).toThrow("did nothing before");
    expect(() => brownoutOf(windowsOf({ ...TYPICAL, until: -1, from: -9 }), null, END, 0)).toThrow("ended before");
  });

  test("a mean rate has the truth within its bounds", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1.9, noNaN: true }), (to) => {
        const world = slowed(0.4, 1, 3);
        const { low, high, value } = meanRate(windowsOf(world), 0, to, 1e-4);
        const truth = (trueWork(world, 0, to) * PAGE) / to;
        const grain = (10 * PAGE) / to;
        expect(low).toBeLessThanOrEqual(truth + grain);
        expect(high).toBeGreaterThanOrEqual(truth - grain);
        expect(value).toBeGreaterThanOrEqual(low!);
        expect(value).toBeLessThanOrEqual(high!);
      }),
    );
    expect(() => meanRate(windowsOf(TYPICAL), 0, 9, 0)).toThrow("1.000 s too early");
  });
});

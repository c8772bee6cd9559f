import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guestClockOf } from "../../src/analysis/guest-clock.ts";
import { standstillInside } from "../../src/analysis/inside.ts";
import { lanesOf, longestPauseOf, placeWindows } from "../../src/analysis/lanes.ts";
import type { Moments } from "../../src/analysis/moments.ts";
import { timelineOf } from "../../src/analysis/timeline.ts";
import { Unknown } from "../../src/analysis/unknown.ts";
import { agentRecords, comparisonsOf, type GuestWorld, guestTime, TICK, TYPICAL } from "./guest-world.ts";
import { at } from "./run-world.ts";

const ORIGIN = at(0).mono;
const timeline = timelineOf(
  () => [{ record: "event", kind: "command", host: "source", observed: at(0) }],
  null,
  () => {
    throw new Unknown("no probes here");
  },
);
const mark = (t: number) => ({ t, uncertainty: 1e-4, source: "test" });
const momentsIn = ({ stop, resume }: GuestWorld): Moments => ({
  stop: mark(stop),
  resume: mark(resume),
  resumeSource: null,
  end: { t: resume + 0.01, kind: "completed" },
  deadline: null,
  paused: false,
});
const mono = (world: GuestWorld, t: number): number => ORIGIN + guestTime(world, t) * 1e6;
const clockIn = (world: GuestWorld, moments: Moments = momentsIn(world)) =>
  guestClockOf(comparisonsOf(world, ORIGIN), timeline, moments, (from, to) =>
    longestPauseOf(lanesOf(agentRecords(world, ORIGIN)), ORIGIN, from, to),
  );

const error = fc.oneof(fc.constantFrom(-1, 1), fc.double({ min: -1, max: 1, noNaN: true }));
const worlds = fc
  .record({
    stop: fc.double({ min: 0.5, max: 3, noNaN: true }),
    blackout: fc.double({ min: 0.002, max: 1.5, noNaN: true }),
    clockStops: fc.boolean(),
    offset: fc.double({ min: -1e5, max: 1e5, noNaN: true }),
    drift: fc.double({ min: -4e-4, max: 4e-4, noNaN: true }),
    uncertainty: fc.constantFrom(1e-5, 3e-4, 3e-3),
    errors: fc.tuple(error, error, error, error),
  })
  .map(({ blackout, ...rest }): GuestWorld => ({ ...TYPICAL, ...rest, resume: rest.stop + blackout }));

describe("the guest's clock", () => {
  test("has lost the blackout where it stood still, and nothing where it did not, whatever the drift", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { lost } = clockIn(world);
        const truth = world.clockStops ? (world.resume - world.stop) * (1 + world.drift) : 0;
        expect(lost!.low).toBeLessThanOrEqual(truth + 1e-9);
        expect(lost!.high).toBeGreaterThanOrEqual(truth - 1e-9);
        expect(lost!.high - lost!.low).toBeLessThan(0.03);
      }),
    );
  });

  test("puts its moments where they were, on either side of the blackout", () => {
    fc.assert(
      fc.property(worlds, fc.double({ min: -8, max: 8, noNaN: true }), (world, t) => {
        fc.pre(t < world.stop - 0.05 || t > world.resume + 0.05);
        const clock = clockIn(world);
        const off = Math.abs(clock.at(Math.round(mono(world, t))) - t);
        expect(off).toBeLessThanOrEqual(clock.uncertainty(t) * (1 + 1e-3) + 2e-6);
      }),
    );
  });

  test("makes of the blackout a hole in the work: the window that holds it is longer than it counted", () => {
    const records = agentRecords(TYPICAL, ORIGIN);
    const clock = clockIn(TYPICAL);
    const windows = placeWindows(lanesOf(records)[0]!, clock.at, 1e5);
    const holds = windows.find(({ start, end }) => start < TYPICAL.stop && end > TYPICAL.resume)!;
    expect(holds.end - holds.start).toBeCloseTo(0.3, 2);
    expect(holds.record.length / 1e9).toBeCloseTo(0.1, 2);
    expect(holds.rate).toBeLessThan(2000 * 4096);
    for (const [i, { start }] of windows.slice(1).entries()) expect(start).toBeCloseTo(windows[i]!.end, 4);
  });

  test("steps where the workloads paused longest when no event tells of STOP, and says so", () => {
    const world = { ...TYPICAL, clockStops: false };
    const moments = { ...momentsIn(world), stop: null, resume: null };
    const { step } = clockIn(world, moments);
    expect(step!.source).toContain("longest pause");
    expect(step!.t).toBeGreaterThan(world.stop - 0.2);
    expect(step!.t).toBeLessThan(world.resume + 0.2);
    expect(clockIn(world).step!.source).toBe("STOP on the source");
  });

  test("is one line when the migration came to nothing", () => {
    const world = { ...TYPICAL, stop: 5, resume: 5, drift: 3e-5 };
    const moments: Moments = {
      stop: null,
      resume: null,
      resumeSource: null,
      end: { t: 5, kind: "cancelled" },
      deadline: null,
      paused: false,
    };
    const clock = guestClockOf(comparisonsOf(world, ORIGIN), timeline, moments, () => null);
    expect(clock.step).toBeNull();
    expect(clock.at(mono(world, 3))).toBeCloseTo(3, 5);
    expect(clock.lost!.low).toBeLessThanOrEqual(0);
    expect(clock.lost!.high).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ["at all", [], "was not compared with ours"],
    ["before", ["after", "end"], "before the migration"],
    ["after", ["started", "before"], "after the migration"],
  ])("is unknown when it was not compared %s", (_, kept, reason) => {
    const some = comparisonsOf(TYPICAL, ORIGIN).filter(({ moment }) => kept.includes(moment));
    expect(() => guestClockOf(some, timeline, momentsIn(TYPICAL), () => null)).toThrow(reason);
  });
});

describe("the blackout from inside", () => {
  test("has the truth within its bounds, whether the clock stops or not", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const clock = clockIn(world);
        const windows = placeWindows(lanesOf(agentRecords(world, ORIGIN))[0]!, clock.at, 1e5);
        const still = { from: world.stop, to: world.resume, uncertainty: 2e-4 };
        const found = standstillInside(windows, clock, still);
        const truth = world.resume - world.stop;
        // The guest works in steps of a tick: it stands still for up to one more on either side.
        expect(found.low).toBeLessThanOrEqual(truth + 2 * TICK + 2e-6);
        expect(found.high).toBeGreaterThanOrEqual(truth * (1 - 5e-4) - 1e-6);
        expect(Math.abs(found.value - truth)).toBeLessThan(2 * TICK + 0.02);
      }),
    );
  });

  test("is unknown where nothing was asked for", () => {
    const clock = clockIn(TYPICAL);
    const lane = lanesOf(agentRecords(TYPICAL, ORIGIN))[0]!;
    const idle = { ...lane, windows: lane.windows.map((window) => ({ ...window, asked: 0 })) };
    expect(() => standstillInside(placeWindows(idle, clock.at, 1e5), clock, null)).toThrow("nothing was asked");
  });
});

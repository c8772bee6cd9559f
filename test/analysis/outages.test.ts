import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assembleFlights } from "../../src/analysis/flights.ts";
import { longestUnheard } from "../../src/analysis/gaps.ts";
import { judgeLateness } from "../../src/analysis/lateness.ts";
import { findOutages } from "../../src/analysis/outages.ts";
import { PROBE_RECORD, parseProbes } from "../../src/run/read/probes.ts";
import { detect, noise } from "./detect.ts";
import { encodeProbes, originAt, probeLog, type TrueOutage } from "./world.ts";

const MS = 1e6;

const still = { there: () => 0.1 * MS, back: () => 0.1 * MS };

describe("outages", () => {
  test("a log without loss has none", () => {
    expect(detect({ interval: MS, ticks: 3000, outages: [], ...still }).found).toEqual([]);
  });

  test("a loss of 100 ms is found once, with the truth inside its bounds and at most one interval off", () => {
    const { found } = detect({
      interval: MS,
      ticks: 3000,
      outages: [{ begin: 1500.4 * MS, end: 1600.4 * MS, kind: "loss" }],
      ...still,
    });
    expect(found).toHaveLength(1);
    const [outage] = found;
    expect(outage).toMatchObject({ lost: 100, late: 0, firstSequence: 1501, lastSequence: 1600 });
    expect(Math.abs(outage!.duration.value - 0.1)).toBeLessThanOrEqual(1e-3);
    expect(outage!.lostProbeTime.value).toBeCloseTo(0.1, 9);
    expect(outage!.lostProbeTime.low).toBeCloseTo(0.099, 9);
    expect(outage!.lostProbeTime.high).toBeCloseTo(0.101, 9);
  });

  test("what is held and released counts as late, covers no lost time, and shows in the gap between replies", () => {
    const { found } = detect({
      interval: MS,
      ticks: 3000,
      outages: [{ begin: 1500.4 * MS, end: 1600.4 * MS, kind: "hold" }],
      ...still,
    });
    expect(found).toHaveLength(1);
    expect(found[0]!.lost).toBe(0);
    expect(found[0]!.late).toBeGreaterThanOrEqual(98);
    expect(found[0]!.lostProbeTime.value).toBe(0);
    expect(found[0]!.replyGap).toBeCloseTo(0.1005, 3);
    expect(Math.abs(found[0]!.duration.value - 0.1)).toBeLessThanOrEqual(1e-3);
  });

  test("two outages in a row with a few answers between them stay two", () => {
    const outages: TrueOutage[] = [
      { begin: 1500.4 * MS, end: 1550.4 * MS, kind: "loss" },
      { begin: 1555.4 * MS, end: 1600.4 * MS, kind: "hold" },
    ];
    expect(detect({ interval: MS, ticks: 3000, outages, ...still }).found).toHaveLength(2);
  });

  test("an outage at the log's end is open and has no upper bound", () => {
    const { found } = detect({
      interval: MS,
      ticks: 3000,
      outages: [{ begin: 2500 * MS, end: 1e12, kind: "loss" }],
      ...still,
    });
    expect(found).toHaveLength(1);
    expect(found[0]!.open).toEqual({ begin: false, end: true });
    expect(found[0]!.duration.high).toBeNull();
    expect(found[0]!.duration.low).toBeGreaterThanOrEqual(0.498);
  });

  test("an outage at the log's start is open there", () => {
    const { found } = detect({
      interval: MS,
      ticks: 3000,
      outages: [{ begin: -1, end: 500 * MS, kind: "loss" }],
      ...still,
    });
    expect(found).toHaveLength(1);
    expect(found[0]!.open).toEqual({ begin: true, end: false });
  });

  test("a probe that the kernel refused is neither good nor lost", () => {
    const rows = Array.from({ length: 200 }, (_, i) => {
      const sent = { kind: PROBE_RECORD.sent, sequence: i, mono: i * MS, wall: i * MS };
      if (i >= 100 && i < 110) return [{ ...sent, kind: PROBE_RECORD.sendError, errno: 101 }];
      return [sent, { kind: PROBE_RECORD.reply, sequence: i, mono: i * MS + 200_000, wall: i * MS + 190_000 }];
    }).flat();
    const flights = assembleFlights(parseProbes(encodeProbes(MS, rows), "p"), originAt(0));
    expect(findOutages(flights, judgeLateness(flights, 1))).toEqual([]);
    expect(flights.refused.reduce((a, b) => a + b)).toBe(10);
  });

  test("what the prober did not look at within an outage is not in its lower bound", () => {
    // Lost before and after a stall of 80 ms: whether the VM was back meanwhile nobody knows.
    const rows = Array.from({ length: 400 }, (_, i) => {
      if (i >= 110 && i < 190) return [];
      const sent = { kind: PROBE_RECORD.sent, sequence: i, mono: i * MS, wall: i * MS };
      if (i >= 100 && i < 200) return [sent];
      return [sent, { kind: PROBE_RECORD.reply, sequence: i, mono: i * MS + 200_000, wall: i * MS + 190_000 }];
    }).flat();
    const missed = { kind: PROBE_RECORD.missed, count: 80, sequence: 110, mono: 189 * MS, wall: 189 * MS };
    const flights = assembleFlights(parseProbes(encodeProbes(MS, [...rows, missed]), "p"), originAt(0));
    const [outage] = findOutages(flights, judgeLateness(flights, 1));
    expect(outage!.duration.value).toBeCloseTo(0.1, 3);
    expect(outage!.duration.low).toBeLessThan(0.021);
    expect(outage!.duration.high).toBeCloseTo(0.1, 2);
    expect(outage!.lostProbeTime.low).toBeCloseTo(0.019, 9);
    expect(outage!.lostProbeTime.high).toBeCloseTo(0.101, 9);
  });

  test("lost probes beside refused ones reach to the next of which something is known", () => {
    const rows = Array.from({ length: 300 }, (_, i) => {
      const sent = { kind: PROBE_RECORD.sent, sequence: i, mono: i * MS, wall: i * MS };
      if (i === 100) return [sent];
      if (i > 100 && i <= 150) return [{ ...sent, kind: PROBE_RECORD.sendError, errno: 101 }];
      return [sent, { kind: PROBE_RECORD.reply, sequence: i, mono: i * MS + 200_000, wall: i * MS + 190_000 }];
    }).flat();
    const flights = assembleFlights(parseProbes(encodeProbes(MS, rows), "p"), originAt(0));
    const [outage] = findOutages(flights, judgeLateness(flights, 1));
    expect(outage!.lostProbeTime.high).toBeCloseTo(0.052, 9);
  });

  test("an outage of which no probe tells was no longer than from one answered probe's departure to the next answer", () => {
    // Replies 1 ms apart, the way back of the first of them slow: the gap between them is shorter than what is possible.
    const rows = Array.from({ length: 200 }, (_, i) => {
      const back = i === 100 ? 400_000 : 100_000;
      return [
        { kind: PROBE_RECORD.sent, sequence: i, mono: i * MS, wall: i * MS },
        { kind: PROBE_RECORD.reply, sequence: i, mono: i * MS + back + 10_000, wall: i * MS + back },
      ];
    }).flat();
    const flights = assembleFlights(parseProbes(encodeProbes(MS, rows), "p"), originAt(0));
    expect(longestUnheard(flights, 0)).toBeCloseTo(0.0014, 9);
    expect(longestUnheard(flights, 0.15)).toBeCloseTo(0.0011, 9);
    expect(longestUnheard(flights, 9)).toBeNull();
  });

  test("replies from another address are counted", () => {
    const rows = [0, 1].flatMap((i) => [
      { kind: PROBE_RECORD.sent, sequence: i, mono: i * MS, wall: i * MS },
      { kind: PROBE_RECORD.reply, flags: 2 * i, sequence: i, mono: i * MS + 10, wall: i * MS + 10 },
    ]);
    expect(assembleFlights(parseProbes(encodeProbes(MS, rows), "p"), originAt(0)).strangers).toBe(1);
  });

  test("duplicates and reordering are counted and change nothing", () => {
    const rows = Array.from({ length: 200 }, (_, i) => [
      { kind: PROBE_RECORD.sent, sequence: i, mono: i * MS, wall: i * MS },
    ]).flat();
    const replies = [3, 3, 5, 4].map((sequence, n) => ({
      kind: PROBE_RECORD.reply,
      sequence,
      mono: 10 * MS + n * 1000,
      wall: 10 * MS + n * 1000,
    }));
    const flights = assembleFlights(parseProbes(encodeProbes(MS, [...rows, ...replies]), "p"), originAt(0));
    expect(flights.duplicates).toBe(1);
    expect(flights.reordered).toBe(1);
  });

  test("the bounds contain the truth, whatever the delays, stalls and kind", () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 0, max: 1e6 }),
          interval: fc.constantFrom(0.5 * MS, MS, 5 * MS),
          base: fc.double({ min: 0.02, max: 4, noNaN: true }),
          spread: fc.double({ min: 0, max: 3, noNaN: true }),
          begin: fc.double({ min: 1200, max: 1700, noNaN: true }),
          length: fc.double({ min: 1, max: 900, noNaN: true }),
          kind: fc.constantFrom<TrueOutage["kind"]>("loss", "hold"),
          stalls: fc.double({ min: 0, max: 0.02, noNaN: true }),
          step: fc.constantFrom(0, 5e9, -5e9),
        }),
        ({ seed, interval, base, spread, begin, length, kind, stalls, step }) => {
          const there = noise(seed);
          const back = noise(seed + 1);
          const stall = noise(seed + 2);
          const truth: TrueOutage = { begin: begin * MS, end: (begin + length) * MS, kind };
          const { found } = detect({
            interval,
            ticks: (3000 * MS) / interval,
            outages: [truth],
            there: (tick) => (base + spread * there(tick)) * MS,
            back: (tick) => (base + spread * back(tick)) * MS,
            stall: (tick) => (stall(tick) < stalls ? 15 * MS * stall(tick + 7) : 0),
            wallStep: (mono) => (mono > (begin + length / 2) * MS ? step : 0),
          });
          const overlapping = found.filter((o) => o.begin.low * 1e9 <= truth.end && o.end.high * 1e9 >= truth.begin);
          if (overlapping.length === 0) {
            // Too short for this interval and these delays: no probe met it, or all it met came back in time.
            expect(kind === "loss" ? length * MS <= 2 * interval + 16 * MS * (stalls > 0 ? 1 : 0) : true).toBe(true);
            return;
          }
          const outage = overlapping.reduce((a, b) => (b.duration.value > a.duration.value ? b : a));
          expect(outage.begin.low * 1e9).toBeLessThanOrEqual(truth.begin + 1);
          expect(outage.begin.high * 1e9).toBeGreaterThanOrEqual(truth.begin - 1);
          expect(outage.end.low * 1e9).toBeLessThanOrEqual(truth.end + 1);
          expect(outage.end.high * 1e9).toBeGreaterThanOrEqual(truth.end - 1);
          expect(outage.duration.value).toBeGreaterThanOrEqual(outage.duration.low);
          expect(outage.duration.value).toBeLessThanOrEqual(outage.duration.high!);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("captures at the VM's link narrow the beginning, and the truth stays inside", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1200, max: 1700, noNaN: true }),
        fc.double({ min: 3, max: 500, noNaN: true }),
        fc.double({ min: 0.1, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 0.0005, noNaN: true }),
        (begin, length, way, uncertainty) => {
          const truth: TrueOutage = { begin: begin * MS, end: (begin + length) * MS, kind: "loss" };
          const delay = () => way * MS;
          const flights = assembleFlights(
            probeLog({ interval: MS, ticks: 3000, outages: [truth], there: delay, back: delay }),
            originAt(0),
          );
          const request = flights.sent.map((t) => t + way / 1e3);
          const reply = request.map((t, i) => (Number.isNaN(flights.received[i]!) ? Number.NaN : t));
          const lateness = judgeLateness(flights, 1);
          const [plain] = findOutages(flights, lateness);
          const [narrow] = findOutages(flights, lateness, { request, reply, uncertainty });
          expect(narrow!.begin.low * 1e9).toBeLessThanOrEqual(truth.begin + 1);
          expect(narrow!.begin.high * 1e9).toBeGreaterThanOrEqual(truth.begin - 1);
          expect(narrow!.begin.low).toBeGreaterThanOrEqual(plain!.begin.low);
          expect(narrow!.begin.high).toBeLessThanOrEqual(plain!.begin.high);
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Outages that follow each other closely. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DetectedOutage } from "../../src/analysis/outages.ts";
import { detect, noise } from "./detect.ts";
import type { TrueOutage } from "./world.ts";

const MS = 1e6;

describe("outages in a row", () => {
  /** Whatever the order is read from. `usual`: seconds, the longest round trip that is not late. */
  const inOrder = (found: readonly DetectedOutage[], usual: number): void => {
    for (const [n, next] of found.slice(1).entries()) {
      const last = found[n]!;
      for (const side of ["low", "high"] as const) {
        expect(next.begin[side]).toBeGreaterThanOrEqual(last.begin[side] - 1e-9);
        expect(next.end[side]).toBeGreaterThanOrEqual(last.end[side] - 1e-9);
      }
      // What is surely within both is nothing, and what may be is no more than a reply needs for its way.
      expect(next.begin.high).toBeGreaterThanOrEqual(last.end.low - 1e-9);
      expect(next.begin.low).toBeGreaterThanOrEqual(last.end.high - usual);
    }
    const [first, final] = [found[0], found.at(-1)];
    if (!first || !final || final.open.end || first.open.begin) return;
    const sum = found.reduce((all, { duration }) => all + duration.value, 0);
    expect(sum).toBeLessThanOrEqual(final.end.high - first.begin.low + 1e-9);
  };

  test("outages never overlap and are in order, however close they come", () => {
    const outage = fc.record({
      gap: fc.double({ min: 0.2, max: 40, noNaN: true }),
      length: fc.double({ min: 0.5, max: 120, noNaN: true }),
      kind: fc.constantFrom<TrueOutage["kind"]>("loss", "hold"),
    });
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 0, max: 1e6 }),
          interval: fc.constantFrom(0.5 * MS, MS, 5 * MS),
          base: fc.double({ min: 0.02, max: 4, noNaN: true }),
          spread: fc.double({ min: 0, max: 3, noNaN: true }),
          list: fc.array(outage, { minLength: 2, maxLength: 5 }),
        }),
        ({ seed, interval, base, spread, list }) => {
          let at = 1500;
          const outages = list.map(({ gap, length, kind }): TrueOutage => {
            const begin = at + gap;
            at = begin + length;
            return { begin: begin * MS, end: at * MS, kind };
          });
          const [there, back] = [noise(seed), noise(seed + 1)];
          const { found, threshold } = detect({
            interval,
            ticks: (3000 * MS) / interval,
            outages,
            there: (tick) => (base + spread * there(tick)) * MS,
            back: (tick) => (base + spread * back(tick)) * MS,
          });
          inOrder(found, threshold + 1e-9);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("of two outages in a row, each has its own truth within its bounds", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 2, noNaN: true }),
        fc.double({ min: 20, max: 60, noNaN: true }),
        fc.array(fc.double({ min: 30, max: 200, noNaN: true }), { minLength: 2, maxLength: 2 }),
        fc.constantFrom<TrueOutage["kind"]>("loss", "hold"),
        (way, gap, [first, second], kind) => {
          const between = 1500.4 + first! + gap;
          const truths: TrueOutage[] = [
            { begin: 1500.4 * MS, end: (1500.4 + first!) * MS, kind },
            { begin: between * MS, end: (between + second!) * MS, kind: "loss" },
          ];
          const { found } = detect({
            interval: MS,
            ticks: 3000,
            outages: truths,
            there: () => way * MS,
            back: () => way * MS,
          });
          expect(found).toHaveLength(2);
          for (const [n, truth] of truths.entries()) {
            const { begin, end } = found[n]!;
            expect(begin.low * 1e9).toBeLessThanOrEqual(truth.begin + 1);
            expect(begin.high * 1e9).toBeGreaterThanOrEqual(truth.begin - 1);
            expect(end.low * 1e9).toBeLessThanOrEqual(truth.end + 1);
            expect(end.high * 1e9).toBeGreaterThanOrEqual(truth.end - 1);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

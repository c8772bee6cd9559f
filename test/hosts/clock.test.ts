import fc from "fast-check";
import { expect, test } from "vitest";
import { boundsOf, measureOffset } from "../../src/hosts/clock.ts";
import { systemClock } from "../../src/model/time.ts";
import { localMachine } from "../../src/remote/local.ts";

test("whatever both ways take, the true offset lies within the bounds", () => {
  const round = fc.record({ out: fc.nat(50_000), back: fc.nat(50_000), asked: fc.nat(1_000_000) });
  fc.assert(
    fc.property(fc.array(round, { minLength: 1 }), fc.integer({ min: -1e9, max: 1e9 }), (rounds, offset) => {
      const seen = rounds.map(({ out, back, asked }) => ({
        asked,
        told: asked + out + offset,
        answered: asked + out + back,
      }));
      const bounds = boundsOf(seen);
      expect(bounds.agree).toBe(true);
      expect(Math.abs(bounds.offset - offset / 1e6)).toBeLessThanOrEqual(bounds.uncertainty + 1e-12);
    }),
  );
});

test("the uncertainty is no more than half of the shortest round trip, and what our own clocks leave open", () => {
  const { uncertainty } = boundsOf([
    { asked: 0, told: 900, answered: 1000 },
    { asked: 5000, told: 5050, answered: 5100 },
  ]);
  expect(uncertainty).toBeLessThanOrEqual((100 + 41) / 2e6);
});

test("a clock that was set in between leaves wide bounds, and says so", () => {
  const bounds = boundsOf([
    { asked: 0, told: 50, answered: 100 },
    { asked: 1000, told: 2_001_050, answered: 1100 },
  ]);
  expect(bounds.agree).toBe(false);
  expect(bounds.uncertainty).toBeGreaterThan(0.9);
});

test("this machine's clock is not off from itself", async () => {
  const { offset, uncertainty, how } = await measureOffset("source", localMachine("source"), systemClock);
  expect(Math.abs(offset)).toBeLessThanOrEqual(uncertainty);
  expect(how).toMatch(/^60 round trips over SSH/u);
});

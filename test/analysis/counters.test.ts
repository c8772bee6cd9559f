import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { octetsBetween, type Tick, trafficOf } from "../../src/analysis/counters.ts";

const WIDE = { width: 64, rate: null, age: 0 } as const;
const tick = (t: number, octets: number | bigint, moment: Tick["moment"], settled = true): Tick => ({
  t,
  octets: BigInt(octets),
  moment,
  settled,
});

describe("octet counters", () => {
  test("give back what went through, however often 32 bits wrapped between the readings", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.array(fc.nat(2 ** 32 - 1), { minLength: 1, maxLength: 20 }), (start, steps) => {
        let octets = BigInt(start);
        const ticks = [tick(0, octets, "before")];
        for (const [i, step] of steps.entries()) {
          octets = (octets + BigInt(step)) % (1n << 32n);
          ticks.push(tick((i + 1) * 34, octets, "during"));
        }
        expect(octetsBetween(ticks, { width: 32, rate: 1e9, age: 0 })).toBe(steps.reduce((a, b) => a + b, 0));
      }),
    );
  });

  test("keep 64 bits exact where a double would not", () => {
    const ticks = [tick(0, 2n ** 63n, "before"), tick(1, 2n ** 63n + 3n, "after")];
    expect(octetsBetween(ticks, WIDE)).toBe(3);
  });

  test("that fell were reset, and are unknown", () => {
    expect(() => octetsBetween([tick(0, 9, "before"), tick(1, 3, "after")], WIDE)).toThrow(/reset/u);
  });

  test("of 32 bits that fell by more than the link can carry were reset, not wrapped", () => {
    const ticks = [tick(0, 3_000_000_000, "before"), tick(1, 5, "after")];
    expect(() => octetsBetween(ticks, { width: 32, rate: 1e9, age: 0 })).toThrow(/reset/u);
    expect(octetsBetween(ticks, { width: 32, rate: 1e10, age: 0 })).toBe(2 ** 32 - 3_000_000_000 + 5);
  });

  test("of 32 bits are unknown when the link could have wrapped them twice between readings", () => {
    const ticks = [tick(0, 0, "before"), tick(40, 5, "after")];
    expect(() => octetsBetween(ticks, { width: 32, rate: 1e9, age: 0 })).toThrow(/40 s apart/u);
    expect(octetsBetween(ticks, { width: 32, rate: 97e6, age: 0 })).toBe(5);
  });
});

describe("the traffic of a migration", () => {
  test("lies within its bounds over a steady background, whatever the readings' age", () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.nat(5000),
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (bytes, rate, ages) => {
          const at = (t: number, age: number): number => Math.floor((t - age + 10) * rate + (t - age > 1 ? bytes : 0));
          const ticks = [-9, -7, -5].map((t, i) => tick(t, at(t, ages[i]!), t === -5 ? "before" : "background"));
          ticks.push(tick(8, at(8, ages[3]!), "during", false), tick(12, at(12, ages[4]!), "after"));
          ticks.sort((a, b) => a.t - b.t);
          if (ticks.some((one, i) => i > 0 && one.octets < ticks[i - 1]!.octets)) return;
          const { bytes: found } = trafficOf(ticks, { width: 64, rate: null, age: 4 });
          // Counters count whole octets: over the 17 s this may amount to some.
          expect(found.low - 50).toBeLessThanOrEqual(bytes);
          expect(found.high! + 50).toBeGreaterThanOrEqual(bytes);
        },
      ),
    );
  });

  test("without a reading before it has no background to subtract, and says so", () => {
    const { bytes, background } = trafficOf([tick(0, 10, "before"), tick(5, 110, "after")], WIDE);
    expect(background).toBeNull();
    expect(bytes).toEqual({ value: 100, low: 0, high: 100 });
  });

  test("that had not settled has no upper bound", () => {
    const ticks = [tick(-5, 0, "background"), tick(0, 0, "before"), tick(5, 100, "after", false)];
    expect(trafficOf(ticks, WIDE)).toMatchObject({ settled: false, bytes: { value: 100, low: 100, high: null } });
  });

  test("may be all that was counted, since the background may have ceased", () => {
    const ticks = [tick(-5, 0, "background"), tick(0, 500, "before"), tick(5, 510, "after")];
    expect(trafficOf(ticks, WIDE).bytes).toEqual({ value: 0, low: 0, high: 10 });
  });

  test("is not mistaken for what an agent that caches had not yet told of the time before", () => {
    // 6000 octets went by before the first reading and show at the third; then the port was silent.
    const before = [0, 0.5, 1, 1.5, 2, 3, 4].map((t) => tick(t, t < 1 ? 100 : 6100, "background", false));
    const ticks = [...before, tick(5, 6100, "before"), tick(15, 96_100, "after")];
    const { bytes, background } = trafficOf(ticks, { width: 64, rate: null, age: 4 });
    expect(background!.value).toBe(0);
    expect(bytes.value).toBe(90_000);
    expect(bytes.high).toBe(90_000);
  });

  test("has the background of an agent that caches, refresh by refresh", () => {
    const steady = (t: number): number => Math.floor(t / 3) * 3000;
    const until = (end: number) => {
      const looks = Array.from({ length: end * 2 }, (_, i) => i / 2);
      const ticks = looks.map((t) => tick(t, steady(t), "background", false));
      ticks.push(tick(end, steady(end), "before"), tick(end + 10, steady(end) + 510_000, "after"));
      return trafficOf(ticks, { width: 64, rate: null, age: 4 });
    };
    expect(until(12.5).background!.value).toBeCloseTo(10_000, 6);
    // One refresh within the stretch: not exact, but not nothing, and within the bounds.
    const { bytes, background } = until(11);
    expect(background!.value).toBeGreaterThan(5000);
    expect(bytes.low).toBeLessThanOrEqual(500_000);
    expect(bytes.high).toBeGreaterThanOrEqual(500_000);
  });

  test("is unknown without a reading after it", () => {
    expect(() => trafficOf([tick(0, 10, "before")], WIDE)).toThrow(/not read after/u);
  });
});

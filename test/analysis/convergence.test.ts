import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convergenceOf, convergenceWarning } from "../../src/analysis/convergence.ts";
import type { Moments } from "../../src/analysis/moments.ts";
import type { EffectiveSetting, MigrationRecord } from "../../src/model/migration.ts";
import type { Round } from "../../src/model/result.ts";

const MIB = 2 ** 20;
/** 32 MiB/s, as old QEMU had it: with 30 ms just under 1 MiB may be left. */
const THROUGHPUT = 32 * MIB * 8;
const LIMIT: EffectiveSetting = {
  name: "downtimeLimit",
  native: "downtime-limit",
  host: "source",
  effective: 0.03,
  unit: "s",
};
const ended = (kind: "completed" | "failed" | "cancelled"): Moments => ({
  stop: null,
  resume: null,
  resumeSource: null,
  end: { t: 60, kind },
  deadline: null,
  paused: false,
});
/** The first round has all of the memory, the others what is said. */
const rounds = (left: readonly (number | null)[], dirtyRate: number | null = 40 * MIB): Round[] =>
  [256 * MIB, ...left].map((remainingAtStart, i) => ({
    round: i + 1,
    start: i * 2,
    end: (i + 1) * 2,
    transferred: 64 * MIB,
    remainingAtStart,
    throughput: THROUGHPUT,
    dirtyRate,
    throttle: null,
  }));
const judge = (
  some: readonly Round[],
  how: "completed" | "failed" | "cancelled" = "cancelled",
  settings: readonly EffectiveSetting[] = [LIMIT],
  records: readonly MigrationRecord[] = [],
) => convergenceOf(some, ended(how), settings, records);

describe("convergence", () => {
  test("is shown to be out of reach by rounds that leave as much as before, with the figures", () => {
    const found = judge(rounds([64, 63, 64, 62, 64, 63].map((left) => left * MIB)));
    expect(found.verdict).toBe("not-converging");
    expect(found.evidence).toBe(
      "in 7 rounds it came no closer to an end: the guest dirtied 41.9 MB/s and 33.6 MB/s were sent; at the start of the later rounds at least 62 MiB were left, where 983 KiB fit the blackout",
    );
    expect(found.rounds).toBe(7);
    expect(found.remaining).toMatchObject({ value: 63 * MIB, low: 62 * MIB, high: 64 * MIB });
    expect(found.needed.value).toBeCloseTo(0.03 * 32 * MIB, 3);
    expect(convergenceWarning(() => found)).toEqual([`the migration was not converging: ${found.evidence}`]);
  });

  test("is not denied to what falls, however slowly it ends, and never to what completed", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 0.9, noNaN: true }),
        fc.integer({ min: 3, max: 12 }),
        fc.constantFrom("completed" as const, "failed" as const, "cancelled" as const),
        (factor, count, how) => {
          const left = Array.from({ length: count }, (_, i) => 200 * MIB * factor ** i);
          const found = judge(rounds(left), how);
          expect(found.verdict).toBe(how === "completed" ? "converged" : "not-shown");
          expect(convergenceWarning(() => found)).toEqual([]);
        },
      ),
    );
  });

  test("is never shown by rounds that do not fall, whatever their noise of a few per cent", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), { minLength: 3, maxLength: 30 }),
        (noise) => {
          expect(judge(rounds(noise.map((one) => one * 64 * MIB))).verdict).toBe("not-converging");
        },
      ),
    );
  });

  test.each([
    ["too few rounds", rounds([64 * MIB, 64 * MIB]), [LIMIT], "known of only 2 of 3 rounds"],
    ["rounds that no sample fell into", rounds([null, null, null, 64 * MIB]), [LIMIT], "known of only 1 of 5 rounds"],
    ["no downtime limit", rounds([64, 64, 64, 64].map((n) => n * MIB)), [], "the downtime limit was not read back"],
    ["so little left that it fits the blackout", rounds([1e5, 1e5, 1e5, 1e5]), [LIMIT], "than the 983 KiB"],
    [
      "what fell",
      rounds([64, 32, 16, 8].map((n) => n * MIB)),
      [LIMIT],
      "fell, from 48 MiB at the start of a round to 8 MiB",
    ],
  ])("is left open by %s", (_, some, settings, reason) => {
    const found = judge(some, "cancelled", settings);
    expect(found.verdict).toBe("not-shown");
    expect(found.evidence).toContain(reason);
  });

  test("takes the bandwidth that is set where no round tells its throughput", () => {
    const some = rounds([64, 64, 64, 64].map((n) => n * MIB)).map((round) => ({ ...round, throughput: null }));
    const bandwidth = { ...LIMIT, name: "bandwidth", effective: THROUGHPUT };
    const found = judge(some, "cancelled", [LIMIT, bandwidth]);
    expect(found.needed).toMatchObject({ value: expect.closeTo(0.03 * 32 * MIB, 3) });
    expect(found.needed.source).toContain("bandwidth");
    expect(found.verdict).toBe("not-converging");
  });

  test("is no merit of the rounds where post-copy took over, and says what it cost where vCPUs were slowed", () => {
    const event = { record: "event", host: "source", observed: { wall: 0, mono: 0 } } as const;
    const postCopy: MigrationRecord = { ...event, kind: "switch-to-post-copy" };
    expect(judge(rounds([64 * MIB]), "completed", [LIMIT], [postCopy]).verdict).toBe("not-shown");
    const slow: MigrationRecord = { record: "progress", at: { wall: 0, mono: 0 }, status: "active", throttle: 0.4 };
    const found = judge(rounds([64 * MIB]), "completed", [LIMIT], [slow]);
    expect(found.evidence).toBe("it completed in 2 rounds, with up to 40 % of the vCPUs' time taken away");
  });

  test("is unknown without rounds", () => {
    expect(() => judge([])).toThrow("no rounds");
  });
});

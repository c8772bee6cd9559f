/** The built-in plans cover every comparison of QEMU's guestperf (tests/migration-stress/guestperf/comparison.py) with its values. */
import { describe, expect, test } from "vitest";
import { builtInPlans, loadPlan } from "../../src/config/plan.ts";
import type { MigrationSettings } from "../../src/model/settings.ts";

const MIB = 2 ** 20;
const MIB_PER_SECOND = 8 * MIB;
/** What guestperf calls memory: of this a cache is a share. */
const RAM = 1024 * MIB;

const largestPowerOfTwo = (bytes: number): number => 2 ** Math.floor(Math.log2(bytes));
const BANDWIDTHS = [1e8, 3e8, 1e9, 1e10, 1e11];
const ROUNDS = [0, 1, 5, 20];

/** guestperf's comparison → our plan, what it varies, and the values. `compr-mt` is gone from QEMU since 9.1 and has none. */
const COMPARISONS: readonly [string, string, (settings: MigrationSettings) => unknown, readonly unknown[]][] = [
  ["pause-iters", "guestperf-pause", (s) => s.pause?.afterRound, ROUNDS],
  [
    "post-copy-bandwidth",
    "guestperf-post-copy-bandwidth",
    (s) => s.postCopy?.afterRound === 5 && s.bandwidth,
    BANDWIDTHS,
  ],
  ["post-copy-iters", "guestperf-post-copy-rounds", (s) => s.postCopy?.afterRound, ROUNDS],
  ["auto-converge-iters", "guestperf-converge-step", (s) => s.autoConverge?.increment, [0.05, 0.1, 0.2]],
  [
    "auto-converge-bandwidth",
    "guestperf-converge-bandwidth",
    (s) => s.autoConverge?.increment === 0.1 && s.bandwidth,
    BANDWIDTHS,
  ],
  [
    "compr-xbzrle",
    "guestperf-xbzrle",
    (s) => s.xbzrle?.cache,
    [0.05, 0.1, 0.2, 0.5].map((share) => largestPowerOfTwo(share * RAM)),
  ],
  ["compr-multifd", "guestperf-multifd", (s) => s.multifd?.channels, [4, 8, 32, 64]],
  [
    "compr-multifd-compression",
    "guestperf-multifd-compression",
    (s) => s.multifd?.channels === 2 && s.multifd.compression,
    ["zlib", "zstd", "qpl", "uadk"],
  ],
  [
    "compr-dirty-limit-period",
    "guestperf-dirty-limit-period",
    (s) => s.dirtyLimit?.rate === MIB_PER_SECOND && s.dirtyLimit.period,
    [0.5, 0.8, 1],
  ],
  [
    "compr-dirty-limit",
    "guestperf-dirty-limit",
    (s) => s.dirtyLimit?.period === 0.5 && s.dirtyLimit.rate,
    [10, 20, 50].map((rate) => rate * MIB_PER_SECOND),
  ],
];

describe("guestperf's comparison", () => {
  test.each(COMPARISONS)(
    "%s is plan %s, with its values and nothing else different",
    async (_theirs, name, varied, values) => {
      const { scenarios } = await loadPlan(name);
      expect(scenarios.map(({ settings }) => varied(settings))).toEqual(values);
      for (const { settings, deadline, atDeadline, workload, vm, migration } of scenarios) {
        expect({ deadline, atDeadline, migration, downtime: settings.downtimeLimit }).toEqual({
          deadline: 300,
          atDeadline: "cancel",
          migration: "memory",
          downtime: 0.5,
        });
        expect(workload).toMatchObject({ kind: "memory-write", size: RAM, bytesPerPage: 4096 });
        expect(vm).toEqual({ memory: 1536 * MIB, vcpus: 1 });
        const { downtimeLimit: _same, ...more } = settings;
        // One knob beside bandwidth: a scenario that turned two would say nothing about either.
        expect(Object.keys(more).filter((key) => key !== "bandwidth").length).toBe(1);
      }
    },
  );

  test("has no plan of ours that is left out here", async () => {
    const ours = (await builtInPlans()).filter((name) => name.startsWith("guestperf-"));
    expect(ours).toEqual(COMPARISONS.map(([, name]) => name).sort());
  });

  test.each(["guestperf-pause", "guestperf-post-copy-rounds"])("%s: each name says what runs", async (name) => {
    for (const { name: label, settings } of (await loadPlan(name)).scenarios) {
      const round = (settings.pause ?? settings.postCopy)!.afterRound!;
      expect(label).toMatch(round === 0 ? /-from-the-start$/u : new RegExp(`-after-round-${round}$`, "u"));
    }
  });
});

test("a migration that does not end meets each action at its deadline, all else alike", async () => {
  const { scenarios } = await loadPlan("when-it-does-not-end");
  expect(scenarios.map(({ atDeadline }) => atDeadline)).toEqual(["cancel", "pause", "post-copy", "throttle", "cold"]);
  for (const { name, atDeadline, ...rest } of scenarios) {
    expect(name).toBe(atDeadline);
    const { name: _name, atDeadline: _action, ...first } = scenarios[0]!;
    expect(rest).toEqual(first);
  }
});

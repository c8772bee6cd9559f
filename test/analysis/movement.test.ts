/** Storage and cold migrations, and those that do not end in time, from raw files to results. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { analyzeRun, stringifyResult } from "../../src/analysis/analyze.ts";
import { Result } from "../../src/model/result.ts";
import { changeRun, event, image, part, probedOf } from "./changed-run.ts";
import { agentRecords, TYPICAL } from "./guest-world.ts";
import { at, writeRun } from "./run-world.ts";

let directory: string;
beforeEach(() => {
  directory = writeRun();
});
afterEach(() => rmSync(directory, { recursive: true }));
const progress = (t: number, more: object) => ({ record: "progress", at: at(t), status: "active", ...more });

describe("a cold migration", () => {
  const COLD = [
    ...part("shut-down", 0.1, 0.6),
    ...part("compress", 0.6, 1.6),
    ...part("transfer", 1.6, 2.1),
    ...part("decompress", 2.1, 2.4),
    ...part("start", 2.4, 2.5),
    event("completed", 2.9),
    ...part("first-reply", 2.5, 3.4),
  ];

  test("has its parts, and ends when the VM was started on the destination", async () => {
    changeRun(directory, { scenario: { migration: "cold" }, migration: COLD });
    const { parts, measurements: found } = await probedOf(directory);
    expect(parts.map(({ part: name }) => name)).toEqual([
      "shut-down",
      "compress",
      "transfer",
      "decompress",
      "start",
      "first-reply",
    ]);
    expect(found.totalTime!.value).toBeCloseTo(2.5, 6);
    expect(found.partCompress!.value).toBeCloseTo(1, 6);
    expect(found.partFirstReply!.value).toBeCloseTo(0.9, 6);
    expect(found.partDiskCopy).toBeUndefined();
  });

  test("has no blackout, and is away from the order to shut down until it answers", async () => {
    changeRun(directory, { scenario: { migration: "cold" }, migration: COLD });
    const { measurements: found } = await probedOf(directory);
    expect(found.blackout).toMatchObject({ value: null, unknown: expect.stringContaining("was shut down") });
    expect(found.outOfService!.value).toBeCloseTo(3.3, 6);
    expect(found.outOfService!.low).toBeCloseTo(1.9, 6);
    expect(found.outOfService!.high).toBeCloseTo(3.3, 6);
    expect(found.downtime!.value).toBeCloseTo(0.08, 2);
  });

  test("judges its workloads until they were stopped for it, by the clock of the guest that was shut down", async () => {
    rmSync(directory, { recursive: true });
    // Stopped before the command; what the guest's clock says a second after the migration is of another boot.
    const world = { ...TYPICAL, stop: 90, resume: 91, until: -0.5 };
    directory = writeRun({
      workload: { kind: "memory-write", size: "64MiB" },
      world,
      records: agentRecords(world, at(0).mono),
    });
    const compared = { at: at(-0.4), wallOffset: 0, uncertainty: 2e-4 };
    const guestClocks = [
      { ...compared, at: at(-8), moment: "started", offset: -1234.5 },
      { ...compared, moment: "end", offset: -1234.5 },
      { ...compared, at: at(4), moment: "after", offset: 3 },
    ];
    changeRun(directory, { scenario: { migration: "cold" }, record: { guestClocks }, migration: COLD });
    const { workloads, warnings, measurements: found } = await probedOf(directory);
    expect(workloads[0]!.before.value).toBeCloseTo(5000 * 4096, -5);
    expect(workloads[0]!.during).toMatchObject({ value: null, unknown: expect.stringContaining("too early") });
    expect(workloads[0]!.after.value).toBeNull();
    expect(found.brownout50).toMatchObject({ value: null, unknown: "the recording ended before the migrate command" });
    expect(found.guestClockLost!.value).toBeNull();
    expect(warnings).toEqual([]);
  });

  test("that broke off has a bound for the part that did not end, and no time out of service", async () => {
    changeRun(directory, {
      scenario: { migration: "cold" },
      record: { status: "failed" },
      migration: [...part("shut-down", 0.1, 0.6), ...part("transfer", 0.6, null), event("failed", 2)],
    });
    const { parts, measurements: found } = await probedOf(directory);
    expect(parts.at(-1)).toEqual({ part: "transfer", start: expect.closeTo(0.6, 6), end: null });
    expect(found.partTransfer).toMatchObject({ value: null, low: expect.closeTo(1.4, 6) });
    expect(found.partStart).toMatchObject({ value: null, unknown: "this migration had no such part" });
    expect(found.outOfService!.value).toBeNull();
    expect(found.totalTime).toMatchObject({ value: null, low: expect.closeTo(2, 6) });
  });

  test("reads back as it was written", async () => {
    changeRun(directory, {
      scenario: { migration: "cold", cold: { compression: "zstd", copy: "rsync" }, disk: { data: "8MiB" } },
      migration: COLD,
      statistics: [image("source", "before", 2 ** 26), image("destination", "after", 2 ** 26)],
    });
    const written = stringifyResult((await analyzeRun(directory)).result);
    expect(stringifyResult(Result.parse(JSON.parse(written)))).toBe(written);
  });
});

describe("a migration that had not ended by its deadline", () => {
  const AT_DEADLINE = [
    progress(0.2, { round: 1, remaining: 2 ** 28 }),
    progress(0.9, { round: 7, remaining: 61 * 2 ** 20, dirtyRate: 57e6, throughput: 268e6 }),
  ];

  test("and was paused then says so, and its blackout begins with that STOP", async () => {
    changeRun(directory, {
      scenario: { deadline: "1s", atDeadline: "pause" },
      migration: [
        ...AT_DEADLINE,
        event("deadline", 1, { detail: "pause" }),
        event("stop", 1.001),
        event("stop", 1.5),
        event("resume", 1.6, { host: "destination" }),
        event("completed", 1.58),
      ],
    });
    const { late, measurements: found, convergence } = await probedOf(directory);
    expect(late).toEqual({
      action: "pause",
      t: expect.closeTo(1, 6),
      deadline: 1,
      grace: 60,
      why: "61 MiB of memory were left in round 7 (as of 0.1 s before); the guest dirtied 57 MB/s and 33.5 MB/s were sent",
      ended: expect.closeTo(1.58, 6),
      how: "completed",
      helped: true,
    });
    expect(found.blackout!.value).toBeCloseTo(0.599, 6);
    expect(found.blackout!.source).toContain("the VM was paused on purpose");
    expect(convergence).toMatchObject({ verdict: "not-shown", evidence: expect.stringContaining("paused on purpose") });
  });

  test.each([
    ["cancel", "cancelled", false],
    ["cancel", "completed", false],
    ["throttle", "completed", true],
    ["throttle", "cancelled", false],
    ["post-copy", "completed", true],
  ] as const)("and then had %s done ended: %s", async (action, how, helped) => {
    changeRun(directory, {
      migration: [...AT_DEADLINE, event("deadline", 1, { detail: action }), event(how, 2)],
    });
    expect((await probedOf(directory)).late).toMatchObject({ action, how, helped });
  });

  test("and was migrated cold got there although its live migration was cancelled", async () => {
    changeRun(directory, {
      scenario: { atDeadline: "cold" },
      migration: [
        ...AT_DEADLINE,
        event("deadline", 1, { detail: "cold" }),
        event("cancel", 1),
        event("cancelled", 1.1),
        ...part("shut-down", 1.1, 1.4),
        ...part("start", 1.4, 1.7),
      ],
    });
    const { late, measurements: found } = await probedOf(directory);
    expect(late).toMatchObject({ action: "cold", helped: true, ended: expect.closeTo(1.7, 6) });
    expect(found.totalTime!.value).toBeCloseTo(1.7, 6);
    expect(found.partShutDown!.value).toBeCloseTo(0.3, 6);
  });

  test("is not late when it ended before", async () => {
    expect((await probedOf(directory)).late).toBeUndefined();
  });
});

describe("a pause that the plan asked for", () => {
  const stopped = (pause: object) =>
    changeRun(directory, {
      scenario: { settings: { pause } },
      migration: [
        event("round", 0.1, { round: 1 }),
        event("round", 0.5, { round: 2 }),
        event("stop", 1),
        event("resume", 1.6, { host: "destination" }),
        event("completed", 1.6),
      ],
    });
  test.each([
    [{ afterTime: "1s" }, true],
    [{ afterRound: 1 }, true],
    [{ afterTime: "3s" }, false],
    [{ afterRound: 2 }, false],
  ])("%o: told by its time or round: %s", async (pause, told) => {
    stopped(pause);
    expect((await probedOf(directory)).measurements.blackout!.source.includes("on purpose")).toBe(told);
  });
});

test("a post-copy that broke and was connected again is told with both times", async () => {
  changeRun(directory, {
    migration: [
      event("switch-to-post-copy", 0.5),
      event("status", 0.8, { detail: "postcopy-paused" }),
      event("recover", 1.4, { detail: "tcp:10.77.2.12:4445" }),
      event("completed", 2),
    ],
  });
  expect((await probedOf(directory)).recoveries).toEqual([
    { t: expect.closeTo(1.4, 6), broken: expect.closeTo(0.8, 6) },
  ]);
});

test("what the check of the disk found is in the result", async () => {
  const diskCheck = { path: "/data/x", bytes: 10, algorithm: "sha256", before: "ab", after: "cd", same: false };
  changeRun(directory, { record: { diskCheck } });
  expect((await probedOf(directory)).diskCheck).toEqual(diskCheck);
});

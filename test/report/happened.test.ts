import { describe, expect, test } from "vitest";
import type { Late } from "../../src/model/result.ts";
import { diskCheckInWords, lateInWords, recoveryInWords } from "../../src/report/happened.ts";

const late = (given: Partial<Late>): Late => ({
  action: "pause",
  t: 30.02,
  deadline: 30,
  grace: 60,
  why: "",
  ended: 31.92,
  how: "completed",
  helped: true,
  ...given,
});

describe("what happened at the deadline", () => {
  test.each<[Partial<Late>, string]>([
    [{}, "did not end within 30 s: the VM was paused at 30.0 s; the migration then ended 1.90 s later"],
    [
      { action: "post-copy" },
      "did not end within 30 s: the rest was left to post-copy from 30.0 s on; the migration then ended 1.90 s later",
    ],
    [
      { action: "throttle", how: "cancelled", helped: false, ended: 90.05 },
      "did not end within 30 s: the vCPUs were slowed down from 30.0 s on; that did not help, and it was cancelled 60.0 s later",
    ],
    [
      { action: "cold" },
      "did not end within 30 s: the live migration was cancelled at 30.0 s and the VM was migrated cold; it was started on the destination 1.90 s later",
    ],
    [{ action: "cancel", how: "cancelled", helped: false }, "did not end within 30 s: it was cancelled at 30.0 s"],
    [
      { action: "cancel", helped: false },
      "did not end within 30 s: it was cancelled at 30.0 s; it completed all the same 1.90 s later",
    ],
    [
      { how: null, ended: null, helped: false },
      "did not end within 30 s: the VM was paused at 30.0 s; how it ended is not recorded",
    ],
  ])("%o", (given, text) => expect(lateInWords(late(given))).toBe(text));
});

test("a recovery says how long post-copy was broken, where that is known", () => {
  expect(recoveryInWords({ t: 1.4, broken: 0.8 })).toBe(
    "its post-copy broke at 0.8000 s and was connected again 600 ms later",
  );
  expect(recoveryInWords({ t: 1.4, broken: null })).toContain("connected again at 1.4000 s");
});

describe("the check of the disk", () => {
  const check = { path: "/data/x", bytes: 2 ** 26, algorithm: "sha256" as const, before: "a".repeat(64) };
  test.each([
    [{ ...check, after: "a".repeat(64), same: true }, "the 64.0 MiB of data on the VM's disk were the same afterwards"],
    [
      { ...check, after: "b".repeat(64), same: false },
      "were not the same afterwards (sha256 aaaaaaaaaaaa… and bbbbbbbbbbbb…)",
    ],
    [{ ...check, after: null, same: null }, "were not read again"],
  ])("%#", (diskCheck, text) => expect(diskCheckInWords({ diskCheck })).toContain(text));

  test("is not told of where nothing was on the disk", () => expect(diskCheckInWords({})).toBeUndefined());
});

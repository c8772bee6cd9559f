import { describe, expect, test } from "vitest";
import { commonMachine } from "../../../src/hypervisors/qemu/definition.ts";
import { modelName } from "../../../src/hypervisors/qemu/describe.ts";
import { errorOf, toProgress, toReport } from "../../../src/hypervisors/qemu/progress.ts";
import { residentGuestMemory } from "../../../src/hypervisors/qemu/statistics.ts";
import { MigrationProgress, MigrationReport } from "../../../src/model/migration.ts";

const at = { wall: 1, mono: 2 };

describe("QEMU's account of a migration", () => {
  const ram = {
    total: 1000,
    remaining: 10,
    transferred: 990,
    duplicate: 3,
    normal: 4,
    mbps: 242.110847,
    "dirty-sync-count": 5,
    "dirty-pages-rate": 7,
    "page-size": 4096,
    "postcopy-requests": 6,
  };
  test("in our units", () => {
    const answer = { status: "active", "total-time": 36, "expected-downtime": 300, "cpu-throttle-percentage": 20, ram };
    expect(MigrationProgress.parse(toProgress(answer, at))).toEqual({
      at,
      status: "active",
      round: 5,
      elapsed: 0.036,
      remaining: 10,
      transferred: 990,
      total: 1000,
      throughput: 242_110_847,
      dirtyRate: 28672,
      throttle: 0.2,
      zeroPages: 3,
      normalPages: 4,
      expectedDowntime: 0.3,
    });
    const done = { status: "completed", "total-time": 1500, downtime: 87, "setup-time": 3, ram };
    expect(MigrationReport.parse(toReport(done))).toEqual({
      totalTime: 1.5,
      downtime: 0.087,
      setupTime: 0.003,
      transferred: 990,
      rounds: 5,
      zeroPages: 3,
      normalPages: 4,
      pageSize: 4096,
      postCopyRequests: 6,
    });
  });

  test("is unknown where QEMU says nothing or nonsense, never zero", () => {
    expect(toProgress({}, at)).toEqual({ at, status: "none" });
    expect(toProgress({ status: "setup", ram: { remaining: -1, total: "x" } }, at)).toEqual({ at, status: "setup" });
    expect(toReport(null)).toEqual({});
  });

  test("has a reason only when it failed", () => {
    expect(errorOf({ "error-desc": "Connection refused" })).toBe("Connection refused");
    expect(errorOf({ "error-desc": "" })).toBeUndefined();
  });
});

test("resident guest memory is that of the mappings which a fork would not copy", () => {
  const smaps = `7f0000000000-7f0010000000 rw-p 00000000 00:00 0
Size:             262144 kB
Rss:              102400 kB
Pss:              102400 kB
VmFlags: rd wr mr mw me dc ac sd
7f0020000000-7f0020100000 rw-p 00000000 00:00 0    [heap]
Rss:               50000 kB
VmFlags: rd wr mr mw me ac sd
7f0030000000-7f0030040000 rw-p 00000000 00:00 0
Rss:                 256 kB
VmFlags: rd wr mr mw me dc ac sd
`;
  // The last one is as small as a ROM.
  expect(residentGuestMemory(smaps)).toBe(102400 * 1024);
  expect(residentGuestMemory("")).toBeUndefined();
});

describe("the machine type", () => {
  const qemu = (version: string, ...machines: string[]) => ({
    version,
    accelerator: "tcg" as const,
    machines: new Set(machines),
    aliases: new Map([["q35", machines.at(-1)!]]),
    compressions: [],
    defaults: { capabilities: {}, parameters: {} },
  });
  const old = qemu("7.2.22", "pc-q35-7.1", "pc-q35-7.2");
  const recent = qemu("10.0.0", "pc-q35-7.2", "pc-q35-10.0");

  test("is the newest that both ends know, whichever is the older", () => {
    expect(commonMachine(old, old)).toBe("pc-q35-7.2");
    expect(commonMachine(old, recent)).toBe("pc-q35-7.2");
    expect(commonMachine(recent, old)).toBe("pc-q35-7.2");
  });

  test("does not exist between versions that are too far apart", () => {
    expect(() => commonMachine(old, qemu("20.0.0", "pc-q35-20.0"))).toThrow(/no common version of machine type q35/u);
  });
});

test("the CPU is named as the kernel names it", () => {
  expect(modelName("processor\t: 0\nmodel name\t: AMD EPYC 7B13\nflags\t: fpu\n")).toBe("AMD EPYC 7B13");
  expect(modelName("")).toBe("an unknown CPU");
});

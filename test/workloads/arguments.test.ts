import { describe, expect, test } from "vitest";
import { MOST_WORKLOADS, ScenarioWorkload, Workload, workloadsOf } from "../../src/model/workload.ts";
import { startArguments, workloadArguments } from "../../src/workloads/arguments.ts";

const SURROUNDINGS = { directory: "/var/tmp", peer: { address: "10.77.1.1", tcp: 7001, udp: 7002 } };

/** What a plan's workload becomes, as a line of words. */
const words = (plan: unknown, surroundings = SURROUNDINGS): string =>
  workloadArguments(Workload.parse(plan), surroundings).join(" ");

describe("each kind in the agent's words", () => {
  test.each([
    [{ kind: "cpu" }, "cpu --level 10"],
    [{ kind: "cpu", level: 3 }, "cpu --level 3"],
    [
      { kind: "memory-write", size: "1MiB" },
      "memory-write --size 1048576 --touched 1048576 --bytes 8 --pattern sequential --content random",
    ],
    [
      { kind: "memory-read", size: "64KiB", pattern: "skewed", content: "text", bytesPerPage: "4KiB", rate: "1MB/s" },
      "memory-read --size 65536 --touched 65536 --bytes 4096 --pattern skewed --content text --rate 1000000",
    ],
    [
      { kind: "disk-write", size: "10MB", rate: "2MB/s" },
      "disk-write --size 10000000 --directory /var/tmp --rate 2000000",
    ],
    [
      { kind: "disk-read", size: "10MB", cache: false, directory: "/mnt" },
      "disk-read --size 10000000 --directory /mnt --direct",
    ],
    [{ kind: "tcp" }, "tcp --peer 10.77.1.1 --port 7001 --direction send"],
    [
      { kind: "udp", direction: "receive", datagram: "512B", rate: "8Mb/s" },
      "udp --peer 10.77.1.1 --port 7002 --direction receive --datagram 512 --rate 1000000",
    ],
  ])("%j", (plan, expected) => {
    expect(words(plan)).toBe(expected);
  });
});

describe("rates", () => {
  test.each([
    ["8Mb/s", "1000000"],
    ["1Gb/s", "125000000"],
    ["1MB/s", "1000000"],
    ["20MB/s", "20000000"],
    ["1MiB/s", "1048576"],
    // Slower than a byte a second is no rate that the agent knows.
    ["1b/s", "1"],
  ])("%s is %s bytes per second", (rate, expected) => {
    expect(words({ kind: "memory-write", size: "1MiB", rate })).toContain(` --rate ${expected}`);
  });

  test("a trace is milliseconds and bytes per second, idle is nothing", () => {
    const trace = [
      { for: "1s", rate: "8Mb/s" },
      { for: "250ms", rate: "idle" },
      { for: "1ms", rate: "1MB/s" },
    ];
    const line = words({ kind: "memory-write", size: "1MiB", trace });
    expect(line).toContain(" --trace 1000:1000000,250:0,1:1000000");
    expect(line).not.toContain("--rate");
  });
});

describe("the pages that are touched", () => {
  test.each([
    ["1MiB", "100%", 256],
    ["1MiB", "50%", 128],
    ["1MiB", "1%", 3],
    ["1MiB", "0.1%", 1],
    ["1MB", "100%", 244],
    ["8191B", "100%", 1],
  ])("of %s, %s are %i whole pages", (size, portion, pages) => {
    expect(words({ kind: "memory-write", size, portion })).toContain(` --touched ${pages * 4096} `);
  });
});

test("without a peer there is no network workload", () => {
  const tcp = Workload.parse({ kind: "tcp" });
  expect(() => workloadArguments(tcp, { directory: "/tmp" })).toThrow("tcp has no peer");
  const peer = { address: "10.77.1.1", tcp: null, udp: 7002 };
  expect(() => workloadArguments(tcp, { directory: "/tmp", peer })).toThrow("tcp has no peer");
  expect(workloadArguments(Workload.parse({ kind: "udp" }), { directory: "/tmp", peer })).toContain("7002");
});

test("several workloads stand one after the other, and the window is told in microseconds", () => {
  const workloads = [Workload.parse({ kind: "cpu" }), Workload.parse({ kind: "tcp" }), Workload.parse({ kind: "cpu" })];
  expect(startArguments(workloads, 0.1, SURROUNDINGS).join(" ")).toBe(
    "--window-us 100000 cpu --level 10 + tcp --peer 10.77.1.1 --port 7001 --direction send + cpu --level 10",
  );
});

test("a scenario's guest is idle, or has one workload, or several", () => {
  const cpu = Workload.parse({ kind: "cpu" });
  expect(workloadsOf("idle")).toEqual([]);
  expect(workloadsOf(cpu)).toEqual([cpu]);
  expect(workloadsOf([cpu, cpu])).toEqual([cpu, cpu]);
  const many = Array.from({ length: MOST_WORKLOADS + 1 }, () => ({ kind: "cpu" }));
  expect(ScenarioWorkload.safeParse(many).success).toBe(false);
});

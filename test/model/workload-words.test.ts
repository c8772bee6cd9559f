import { describe, expect, test } from "vitest";
import { Workload } from "../../src/model/workload.ts";
import { chosenRate, inWords } from "../../src/model/workload-words.ts";

const workload = (given: object) => Workload.parse(given);

describe("a workload in words", () => {
  test.each([
    [
      { kind: "memory-write", size: "64MiB", pattern: "random", rate: "20MB/s" },
      "memory-write, 64 MiB, random, 20 MB/s",
    ],
    [
      { kind: "memory-write", size: "1GiB", portion: "25%", content: "zero", bytesPerPage: "4KiB" },
      "memory-write, 25 % of 1 GiB, sequential, zeros as content, 4 KiB per page, flat out",
    ],
    [
      { kind: "memory-read", size: "64MiB", content: "text" },
      "memory-read, 64 MiB, sequential, text as content, flat out",
    ],
    [{ kind: "cpu", level: 3 }, "cpu, level 3"],
    [
      { kind: "disk-write", size: "256MiB", cache: false, rate: "8MiB/s" },
      "disk-write, 256 MiB, past the page cache, 8 MiB/s",
    ],
    [{ kind: "tcp", direction: "receive" }, "tcp, the guest receives, flat out"],
    [{ kind: "udp", rate: "100Mb/s" }, "udp, the guest sends, datagrams of 1 KiB, 12.5 MB/s"],
    [
      {
        kind: "disk-read",
        size: "1MiB",
        trace: [
          { for: "1s", rate: "1MB/s" },
          { for: "1s", rate: "idle" },
        ],
      },
      "disk-read, 1 MiB, a trace of 2 steps",
    ],
  ])("%o", (given, words) => {
    expect(inWords(workload(given))).toBe(words);
  });

  test("several are joined, none is idle", () => {
    expect(inWords([workload({ kind: "cpu" }), workload({ kind: "tcp" })])).toBe(
      "cpu, level 10 + tcp, the guest sends, flat out",
    );
    expect(inWords("idle")).toBe("idle");
  });

  test("a rate is written in the units that somebody chose", () => {
    expect(chosenRate(8)).toBe("1 B/s");
    expect(chosenRate(32 * 2 ** 20 * 8)).toBe("32 MiB/s");
    expect(chosenRate(32e6 * 8)).toBe("32 MB/s");
    expect(chosenRate(2 ** 30 * 8)).toBe("1 GiB/s");
  });
});

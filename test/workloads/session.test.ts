import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { AgentRecord, AgentStatus } from "../../src/model/agent.ts";
import { Workload } from "../../src/model/workload.ts";
import { localMachine } from "../../src/remote/local.ts";
import { invalidReasons, shortcoming, WorkloadSession } from "../../src/workloads/session.ts";

type Lane = AgentStatus["lanes"][number];

const lane = (more: Partial<Lane> = {}): Lane => ({
  ...{ lane: 1, kind: "memory-write", state: "running", asked: 0, done: 0 },
  ...{ unitBytes: 4096, stalled: 0, requested: 4096, touched: 4096, ...more },
});

describe("what falls short", () => {
  test.each([
    ["its rate", lane({ asked: 1000, done: 1000 }), []],
    ["its rate but for one unit in twenty", lane({ asked: 1000, done: 950 }), []],
    ["a handful of units, one less", lane({ asked: 3, done: 1 }), []],
    ["nothing asked for, nothing done", lane(), []],
    ["flat out, something done", lane({ asked: null, done: 1 }), []],
    [
      "less than its rate",
      lane({ asked: 1000, done: 900 }),
      ["workload 1 (memory-write) reaches only 90 % of its rate: 900 units where 1000 were asked for"],
    ],
    ["flat out, nothing done", lane({ asked: null }), ["workload 1 (memory-write) has done nothing yet"]],
    ["dead", lane({ state: "died", reason: "no space is left" }), ["workload 1 (memory-write) died: no space is left"]],
    ["dead without a word", lane({ state: "died" }), ["workload 1 (memory-write) died: no reason given"]],
    ["stopped", lane({ state: "stopped" }), ["workload 1 (memory-write) is stopped"]],
  ])("%s", (_what, after, expected) => {
    expect(shortcoming(lane({ asked: after.asked === null ? null : 0 }), after)).toEqual(expected);
  });

  test("only what happened between the two looks counts", () => {
    const before = lane({ asked: 10_000, done: 5000 });
    expect(shortcoming(before, lane({ asked: 11_000, done: 6000 }))).toEqual([]);
    expect(shortcoming(before, lane({ asked: 11_000, done: 5500 }))[0]).toContain("50 %");
  });
});

describe("why a pass does not count", () => {
  const workloads = [Workload.parse({ kind: "cpu" }), Workload.parse({ kind: "tcp" })];
  const end = (number: number, how: "stopped" | "died" | "running", reason?: string): AgentRecord => ({
    ...{ record: "end", lane: number, at: { wall: 1, mono: 1 }, how, ...(reason === undefined ? {} : { reason }) },
    ...{ done: 1, operations: 1, stale: 0, user: 0, system: 0 },
  });

  test.each([
    ["both stopped", [end(0, "stopped"), end(1, "stopped")], []],
    ["still at work when they were fetched", [end(0, "running"), end(1, "running")], []],
    ["one died", [end(0, "stopped"), end(1, "died", "killed")], ["workload 1 (tcp) died: killed"]],
    ["one has no end", [end(1, "stopped")], ["workload 0 (cpu) left no account of its end"]],
    ["no records", [], ["workload 0 (cpu) left no account of its end", "workload 1 (tcp) left no account of its end"]],
  ])("%s", (_what, records, expected) => {
    expect(invalidReasons(records, workloads)).toEqual(expected);
  });
});

describe("a session on this machine", () => {
  const directory = mkdtempSync(join(tmpdir(), "migrascope-session-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const start = (workloads: unknown[]): Promise<WorkloadSession> =>
    WorkloadSession.start({
      guest: localMachine("guest"),
      workloads: workloads.map((one) => Workload.parse(one)),
      every: 0.05,
      surroundings: { directory },
      signal: new AbortController().signal,
    });

  test("is started, stopped and fetched, and leaves no agent", async () => {
    const session = await start([
      { kind: "memory-write", size: "1MiB", rate: "1MB/s" },
      { kind: "cpu", level: 1 },
    ]);
    expect((await session.status()).lanes).toMatchObject([{ kind: "memory-write" }, { kind: "cpu" }]);
    await session.stop();
    const file = join(directory, "workload.jsonl");
    const records = await session.fetch(file);
    expect(
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(records);
    expect(records.filter((one) => one.record === "end")).toMatchObject([{ how: "stopped" }, { how: "stopped" }]);
    await expect(session.status()).rejects.toMatchObject({ code: "COMMAND_FAILED" });
  });

  test("that cannot start says so in the agent's words", async () => {
    await expect(start([{ kind: "memory-write", size: "1024TiB" }])).rejects.toMatchObject({
      code: "WORKLOAD_REFUSED",
      message: expect.stringMatching(/^memory-write: it asks for \d+ bytes of memory, the guest has \d+ available/u),
    });
  });
});

/** The agent of the guest as a program: its commands, its lines, and what becomes of it when it or its lanes are killed. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentStatus } from "../../src/model/agent.ts";
import { agentBinary } from "../../src/workloads/binary.ts";
import { Agent, endOf, GUEST, laneOf, PAGE, recordsIn, run, runFor, until, windowsOf } from "./agent-inside.ts";

const SIZE = 256 * PAGE;
let program: string;
let directory: string;

beforeAll(async () => {
  program = await agentBinary();
  directory = mkdtempSync(join(tmpdir(), "migrascope-agent-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A short run of each kind that needs no peer. */
const KINDS = (): string[] => [
  "cpu --level 2",
  `memory-write --size ${SIZE} --rate 4000000`,
  `memory-write --size ${SIZE} --pattern random --content text --bytes 4096`,
  `memory-write --size ${SIZE} --pattern skewed --content zero --trace 100:8000000,50:0`,
  `memory-read --size ${SIZE} --pattern random --bytes 100`,
  `disk-write --size ${SIZE} --directory ${directory} --rate 4000000`,
  `disk-read --size ${SIZE} --directory ${directory} --rate 4000000`,
];

test("the unit tests of the C parts pass", async () => {
  await promisify(execFile)("make", ["-C", GUEST, "-s", "check"]);
});

test("it is one static file of less than a mebibyte", async () => {
  expect(statSync(program).size).toBeLessThan(1 << 20);
  expect((await promisify(execFile)("file", ["-L", program]).catch(() => ({ stdout: "" }))).stdout).not.toMatch(
    /dynamically|interpreter/u,
  );
  expect(await run(program, "version")).toMatchObject({ code: 0, stdout: `1 ${(await run("uname", "-m")).stdout}` });
});

test("every line of a run passes the schema, for each kind alone", async () => {
  for (const kind of KINDS()) {
    const records = await runFor(1, `--window-us 50000 ${kind}`);
    expect(records[0]).toMatchObject({
      record: "agent",
      side: "guest",
      pageSize: PAGE,
      windowLength: 50_000,
      dropped: 0,
    });
    expect(laneOf(records).kind).toBe(kind.split(" ")[0]);
    expect(endOf(records), kind).toMatchObject({ how: "stopped", stale: 0 });
    expect(endOf(records).done, kind).toBeGreaterThan(0);
    expect(windowsOf(records).length).toBeGreaterThan(1);
    expect(records.some((one) => one.record === "memory")).toBe(true);
  }
});

test("with sanitizers: all of them at once, to the end", async () => {
  await promisify(execFile)("make", ["-C", GUEST, "-s", "-j2", "sanitized"]);
  const records = await runFor(2, KINDS().join(" + "), join(GUEST, "build/sanitized/agent"));
  for (const lane of KINDS().keys()) expect(endOf(records, lane)).toMatchObject({ how: "stopped", stale: 0 });
});

test("for arm64: it runs, and says what it is", async () => {
  const arm64 = await agentBinary("aarch64");
  expect(await run("qemu-aarch64", `${arm64} version`)).toMatchObject({ code: 0, stdout: "1 aarch64\n" });
  for (const kind of KINDS()) {
    const { code, stdout, stderr } = await run("qemu-aarch64", `${arm64} run --seconds 1 ${kind}`);
    expect(code, stderr).toBe(0);
    const records = recordsIn(stdout);
    expect(records[0]).toMatchObject({ record: "agent", machine: "aarch64" });
    expect(endOf(records), kind).toMatchObject({ how: "stopped", stale: 0 });
    expect(endOf(records).done, kind).toBeGreaterThan(0);
  }
});

describe("in the background", () => {
  test("start, status, stop, fetch, quit", async () => {
    await using agent = await Agent.start(`memory-write --size ${SIZE} + cpu`);
    const status = await agent.status();
    expect(status).toMatchObject({ state: "running", lanes: [{ state: "running" }, { state: "running" }] });
    await until(async () => (await agent.status()).lanes.every((lane) => lane.done > 0));
    const running = await agent.fetch();
    expect(endOf(running)).toMatchObject({ how: "running" });
    expect(agent.processes().length).toBe(3);

    const stopped = await agent.ask("stop");
    expect(AgentStatus.parse(JSON.parse(stopped.stdout))).toMatchObject({ state: "stopped" });
    await until(() => agent.processes().length === 1);
    const first = await agent.fetch();
    const again = await agent.fetch();
    const withoutTime = first.filter((one) => one.record !== "agent");
    expect(again.filter((one) => one.record !== "agent")).toEqual(withoutTime);
    expect(endOf(first)).toMatchObject({ how: "stopped" });
    expect(endOf(first).done).toBeGreaterThanOrEqual(endOf(running).done);

    expect(await agent.ask("quit")).toMatchObject({ code: 0 });
    await until(() => agent.processes().length === 0);
    expect(await agent.ask("status")).toMatchObject({
      code: 1,
      stderr: `migrascope-agent: no agent of this name answers: ${agent.name}\n`,
    });
  });

  test("two of different names know nothing of each other; a second one of a name is refused", async () => {
    await using one = await Agent.start("cpu");
    await using other = await Agent.start(`memory-write --size ${SIZE}`);
    const refused = await one.ask("start", "cpu");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toBe(`migrascope-agent: an agent of this name runs already: ${one.name}\n`);
    await one.ask("quit");
    expect((await other.status()).lanes).toMatchObject([{ kind: "memory-write", state: "running" }]);
    await until(() => one.processes().length === 0);
    expect(await one.ask("start", "cpu")).toMatchObject({ code: 0 });
  });

  test("a lane that is killed died, with the reason; the others go on", async () => {
    await using agent = await Agent.start(`memory-write --size ${SIZE} + cpu`);
    await until(async () => (await agent.status()).lanes[0]!.done > 0);
    process.kill(agent.processes()[1]!, "SIGKILL");
    await until(async () => (await agent.status()).lanes[0]!.state === "died");
    const reason = "killed by signal 9: perhaps the guest ran out of memory";
    const status = await agent.status();
    expect(status.lanes).toMatchObject([{ state: "died", reason }, { state: "running" }]);
    await until(async () => (await agent.status()).lanes[1]!.done > status.lanes[1]!.done);
    await agent.ask("stop");
    const records = await agent.fetch();
    expect(endOf(records, 0)).toMatchObject({ how: "died", reason });
    expect(endOf(records, 0).user + endOf(records, 0).system).toBeGreaterThan(0);
    expect(endOf(records, 1)).toMatchObject({ how: "stopped" });
  });

  test("a lane that does not listen when it is to stop is killed", async () => {
    await using agent = await Agent.start("cpu + cpu");
    process.kill(agent.processes()[1]!, "SIGSTOP");
    await agent.ask("stop");
    const records = await agent.fetch();
    expect(endOf(records, 0)).toMatchObject({
      how: "died",
      reason: "it did not stop when told to: killed by signal 9",
    });
    expect(endOf(records, 1).how).toBe("stopped");
  });

  test("when the supervisor is killed no lane is left", async () => {
    await using agent = await Agent.start(`memory-write --size ${SIZE} + cpu`);
    expect(agent.processes().length).toBe(3);
    process.kill(agent.processes()[0]!, "SIGKILL");
    await until(() => agent.processes().length === 0);
  });
});

test("the clock is told for each byte, until the input ends", async () => {
  const child = promisify(execFile)(program, ["clock"]);
  child.child.stdin!.end("...");
  const lines = (await child).stdout.trim().split("\n");
  expect(lines.length).toBe(3);
  const clocks = lines.map((line) => line.split(" ").map(Number) as [number, number]);
  for (const [mono, wall] of clocks) {
    expect(mono).toBeLessThanOrEqual(Number(process.hrtime.bigint()));
    expect(Math.abs(wall / 1e6 - Date.now())).toBeLessThan(60_000);
  }
  expect(clocks.map(([mono]) => mono)).toEqual(clocks.map(([mono]) => mono).sort((a, b) => a - b));
});

describe("bad arguments end with exit code 2 and say what is wrong", () => {
  test.each([
    ["", "start|run|status"],
    ["dance", "start|run|status"],
    ["run cpu", "run needs --seconds"],
    ["run --seconds 1", "name a workload"],
    ["run --seconds 1 dance", "no such workload: dance"],
    ["run --seconds 1 cpu +", "nothing stands behind the last +"],
    ["run --seconds 1 + cpu", "no such workload: +"],
    ["run --seconds 1 cpu --level 11", "wrong value of --level: 11"],
    ["run --seconds 99999999999999 cpu", "start|run|status"],
    ["run --window-us 999 --seconds 1 cpu", "start|run|status"],
    [`run --seconds 1 ${Array.from({ length: 9 }, () => "cpu").join(" + ")}`, "too many workloads"],
    ["status extra", "start|run|status"],
  ])("%s", async (words, said) => {
    const { code, stderr, stdout } = await run(program, words);
    expect(stderr).toContain(said);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

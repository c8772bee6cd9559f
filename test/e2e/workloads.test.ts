/**
 * Every workload of the catalogue in a real VM that is migrated live, by the command that users type. One after the other:
 * a guest that shares its processor with another would not reach its rate, and that is what its run would say.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AgentRecord } from "../../src/model/agent.ts";
import { type PassResult, Result } from "../../src/model/result.ts";
import { type CommandResult, Sandbox } from "../support/sandbox.ts";

const TESTBED = "vm: {memory: 256MiB, disk: 1GiB}\n";

interface Ran extends CommandResult {
  readonly result: Result;
}

/** Runs a plan of one scenario, `text` being its keys. */
async function run(sandbox: Sandbox, text: string): Promise<Ran> {
  const plan = `name: work\nscenarios:\n  - name: work\n${text.replace(/^/gmu, "    ")}\n`;
  const files = ["--testbed", sandbox.file("testbed.yaml", TESTBED), "--out", sandbox.path("run")];
  const ended = await sandbox.migrascope("run", sandbox.file("plan.yaml", plan), ...files, "--json");
  return { ...ended, result: Result.parse(JSON.parse(ended.stdout || "{}")) };
}

const passesOf = ({ result, stderr }: Ran): readonly PassResult[] => {
  const [trial] = result.trials;
  expect(trial?.passes, stderr).toHaveLength(2);
  return trial!.passes;
};

const completed = (ran: Ran): void => {
  expect(
    ran.result.trials[0]!.passes.flatMap(({ failures }) => failures),
    ran.stderr,
  ).toEqual([]);
  expect(ran.result.trials[0]!.status).toBe("completed");
  expect(ran.code).toBe(0);
};

const recordsOf = (sandbox: Sandbox, pass: string, file: string): AgentRecord[] =>
  readFileSync(sandbox.path(`run/trials/001-work/${pass}/${file}`), "utf8")
    .trim()
    .split("\n")
    .map((line) => AgentRecord.parse(JSON.parse(line)));

// Once more where a machine that others use as well took the guest's processor away: the trial then rightly does not count.
describe("workloads during a live migration", { retry: 1 }, () => {
  test("memory written at a rate: what the guest saw agrees with what was seen from outside", async () => {
    using sandbox = new Sandbox();
    const ran = await run(sandbox, "workload: {kind: memory-write, size: 64MiB, rate: 5MB/s, pattern: random}");
    completed(ran);
    for (const pass of passesOf(ran)) {
      const [work] = pass.workloads;
      expect(work!.title).toContain("memory-write");
      expect(work!.asked.value! / 5e6).toBeCloseTo(1, 2);
      expect(work!.before.value! / 5e6).toBeGreaterThan(0.9);
      expect(work!.end.how).toBe("stopped");
      expect(work!.stale.value).toBe(0);
      const { blackout, blackoutInside, guestClockLost, brownout10 } = pass.measurements;
      // The guest's clock stands still with an emulated VM: what it lost is the blackout, to the uncertainty of comparing.
      expect(guestClockLost!.low!).toBeLessThan(blackout!.value! + 0.02);
      expect(guestClockLost!.high!).toBeGreaterThan(blackout!.value! - 0.02);
      expect(blackoutInside!.high!).toBeGreaterThan(blackout!.value! - 0.02);
      expect(brownout10!.high!).toBeGreaterThanOrEqual(blackout!.value! - 0.02);
      expect(pass.dirtyTracking.find(({ how }) => how === "page-sampling" || how === "dirty-bitmap")!.verdict).toBe(
        "agrees",
      );
    }
    const [, probed] = passesOf(ran);
    for (const moment of ["before", "after"]) {
      const order = probed!.categoryOrder.find((one) => one.of === "memory" && one.moment === moment)!;
      expect(order.text).toMatch(/configured.*allocated.*used.*requested.*dirtied/u);
      expect(order.holds).toBe(true);
    }
    expect(probed!.statistics.filter(({ moment }) => moment.startsWith("during")).length).toBeGreaterThan(0);
    const report = readFileSync(sandbox.path("run/report.html"), "utf8");
    expect(report).toContain("memory-write");
    expect(recordsOf(sandbox, "probed", "workload.jsonl")[0]).toMatchObject({ record: "agent", dropped: 0 });
  });

  test("processor, memory read, disk written and disk read at once, with swap", async () => {
    using sandbox = new Sandbox();
    const ran = await run(
      sandbox,
      [
        "vm: {swap: 32MiB}",
        "workload:",
        "  - {kind: cpu, level: 3}",
        "  - {kind: memory-read, size: 16MiB, rate: 1MB/s}",
        "  - {kind: disk-write, size: 8MiB, rate: 200kB/s}",
        "  - {kind: disk-read, size: 8MiB, rate: 200kB/s, cache: false}",
      ].join("\n"),
    );
    expect(ran.result.trials[0]!.status, ran.stderr).toBe("completed");
    for (const pass of passesOf(ran)) {
      expect(pass.workloads.map(({ kind }) => kind)).toEqual(["cpu", "memory-read", "disk-write", "disk-read"]);
      for (const { before, end, stale } of pass.workloads) {
        expect(before.value!).toBeGreaterThan(0);
        expect(end.how).toBe("stopped");
        expect(stale.value ?? 0).toBe(0);
      }
      expect(pass.statistics.find(({ category }) => category === "memory.swapSize")!.bytes).toBeGreaterThan(
        30 * 2 ** 20,
      );
    }
  });

  // One protocol at a time: sending a thousand times a second is a good part of an emulated processor.
  test.each([
    ["tcp", "rate: 100kB/s"],
    ["udp", "rate: 50kB/s, datagram: 500B"],
  ])("numbered data by %s in both directions, all of it accounted for", async (kind, rate) => {
    using sandbox = new Sandbox();
    const lanes = ["send", "receive"].map((direction) => `  - {kind: ${kind}, direction: ${direction}, ${rate}}`);
    const ran = await run(sandbox, ["workload:", ...lanes].join("\n"));
    expect(ran.result.trials[0]!.status, ran.stderr).toBe("completed");
    for (const pass of passesOf(ran)) {
      expect(pass.workloads.map((work) => work.kind)).toEqual([kind, kind]);
      for (const { network, before } of pass.workloads) {
        expect(before.value!).toBeGreaterThan(0);
        // What TCP loses it sends again; of datagrams, at 100 a second, some fall into the blackout.
        if (kind === "tcp") expect([network!.corrupt.value, network!.breaks.value]).toEqual([0, 0]);
        else expect(network!.lost.value!).toBeGreaterThanOrEqual(0);
      }
    }
    expect(recordsOf(sandbox, "probed", "peer.jsonl").filter(({ record }) => record === "end")).toHaveLength(2);
  });

  test("more memory than the guest has goes into its swap, and the broken order is explained by it", async () => {
    using sandbox = new Sandbox();
    const ran = await run(
      sandbox,
      "vm: {swap: 256MiB}\nworkload: {kind: memory-write, size: 260MiB, portion: 10%, rate: 500kB/s, pattern: skewed}",
    );
    expect(ran.result.trials[0]!.status, ran.stderr).toBe("completed");
    for (const { statistics, categoryOrder } of passesOf(ran)) {
      const before = statistics.filter(({ moment }) => moment === "before");
      expect(before.find(({ category }) => category === "memory.swapUsed")!.bytes).toBeGreaterThan(2 ** 20);
      const order = categoryOrder.find((one) => one.of === "memory" && one.moment === "before")!;
      expect(order).toMatchObject({ holds: false, explained: true, text: expect.stringMatching(/swap/u) });
    }
  });

  test("the paper's finding: with QEMU's old defaults a busy guest never gets across, and the evidence is shown", async () => {
    using sandbox = new Sandbox();
    const ran = await run(
      sandbox,
      [
        "workload: {kind: memory-write, size: 96MiB}",
        "settings: {bandwidth: 32MiB/s, downtimeLimit: 30ms}",
        "deadline: 25s",
      ].join("\n"),
    );
    expect(ran.code).toBe(1);
    expect(ran.result.trials[0]!.status, ran.stderr).toBe("timeout");
    for (const { convergence, status, failures, workloads } of passesOf(ran)) {
      expect(status).toBe("timeout");
      expect(failures[0]!.message).toMatch(/the VM runs on the source/u);
      expect(convergence!.verdict, convergence!.evidence).toBe("not-converging");
      expect(convergence!.rounds).toBeGreaterThan(3);
      expect(convergence!.remaining.low!).toBeGreaterThan(10 * convergence!.needed.value!);
      expect(workloads[0]!.end.how).toBe("stopped");
    }
  });

  test.each([
    [
      "more memory than there is",
      "{kind: memory-write, size: 2GiB}",
      /asks for 2147483648 bytes of memory.*available/u,
    ],
    ["a file that does not fit", "{kind: disk-write, size: 5GiB}", /free/u],
    [
      "a rate that no guest reaches",
      "{kind: memory-write, size: 1MiB, rate: 900GB/s}",
      /reaches only \d+ % of its rate/u,
    ],
  ])("%s is refused in words, and nothing is migrated", async (_, workload, words) => {
    using sandbox = new Sandbox();
    const ran = await run(sandbox, `workload: ${workload}`);
    expect(ran.code).toBe(1);
    expect(ran.result.trials[0]!.status).toBe("failed");
    const [failure] = ran.result.trials[0]!.passes[0]!.failures;
    expect(failure!.code).toMatch(/^WORKLOAD_/u);
    expect(failure!.message).toMatch(words);
    expect(sandbox.processes()).toEqual([]);
  });
});

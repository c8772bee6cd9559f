/** Real runs: a real VM, migrated live in a real lab, by the command that users type. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PassResult, Result } from "../../src/model/result.ts";
import { type CommandResult, machineTraces, Sandbox } from "../support/sandbox.ts";

const TESTBED = "vm: {memory: 256MiB, disk: 1GiB}\n";
const PLAN = "name: small\nscenarios:\n  - name: idle\n";

describe("one trial", () => {
  let sandbox: Sandbox;
  let before: string;
  let run: CommandResult;
  let result: Result;
  const pass = (kind: PassResult["kind"]): PassResult => result.trials[0]!.passes.find((one) => one.kind === kind)!;

  beforeAll(async () => {
    before = machineTraces();
    sandbox = new Sandbox();
    const files = [
      sandbox.file("plan.yaml", PLAN),
      "--testbed",
      sandbox.file("testbed.yaml", TESTBED),
      "--out",
      sandbox.path("run"),
    ];
    run = await sandbox.migrascope("run", ...files, "--json");
    result = Result.parse(JSON.parse(run.stdout || "{}"));
  });
  afterAll(() => sandbox[Symbol.dispose]());

  test("completes and says so, with an exit code of zero and nothing else on standard output", () => {
    expect(run.stderr).not.toMatch(/BUG|Unhandled/u);
    expect(result.trials.map(({ status, scenario, hypervisor }) => ({ status, scenario, hypervisor }))).toEqual([
      { status: "completed", scenario: "idle", hypervisor: "qemu" },
    ]);
    expect(result.trials[0]!.passes.flatMap((one) => one.failures)).toEqual([]);
    expect(run.code).toBe(0);
  });

  test("ran a quiet pass without probing and a probed pass", () => {
    expect(result.trials[0]!.passes.map(({ kind }) => kind)).toEqual(["quiet", "probed"]);
    expect(pass("quiet").measurements.downtime).toBeUndefined();
    expect(pass("quiet").phases.find(({ name }) => name === "start-prober")!.outcome).toBe("skipped");
  });

  test("gives every measurement a value with a unit and a source", () => {
    const { measurements } = result.trials[0]!;
    for (const id of [
      "totalTime",
      "totalTimeReported",
      "blackout",
      "downtime",
      "downtimeReported",
      "lostProbeTime",
      "replyGap",
      "setupTime",
      "rounds",
      "transferred",
      "transferredReported",
      "transferredByInterfaces",
      "probingCostTotalTime",
    ]) {
      expect(measurements[id], id).toMatchObject({
        value: expect.any(Number),
        unit: expect.any(String),
        source: expect.stringMatching(/./u),
      });
    }
  });

  test("finds the order between the four times that physics demands", () => {
    const { totalTime, blackout, downtime } = result.trials[0]!.measurements;
    expect(blackout!.value!).toBeGreaterThan(0);
    expect(blackout!.value!).toBeLessThan(totalTime!.value!);
    // A client cannot see less than the time in which no vCPU ran, but for what its probes cannot resolve.
    expect(downtime!.high!).toBeGreaterThanOrEqual(blackout!.value!);
    expect(downtime!.low!).toBeLessThanOrEqual(downtime!.value!);
    expect(downtime!.value!).toBeLessThanOrEqual(downtime!.high!);
  });

  test("counts on the switch what the hypervisor says it sent, plus the protocols' overhead", () => {
    const { transferred, transferredReported, transferredByInterfaces } = result.trials[0]!.measurements;
    const ratio = transferred!.value! / transferredReported!.value!;
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.12);
    expect(transferred!.value! / transferredByInterfaces!.value!).toBeCloseTo(1, 1);
  });

  test("knows who answered, what was announced, and what the outage was made of", () => {
    const probed = pass("probed");
    expect(probed.fates!["answered-by-source"]).toBeGreaterThan(100);
    expect(probed.fates!["answered-by-destination"]).toBeGreaterThan(100);
    expect(probed.announcements.map(({ kind }) => kind)).toContain("rarp");
    const anatomy = probed.anatomy!;
    expect(anatomy.segments.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(anatomy.total, 9);
    const times = Object.fromEntries(anatomy.marks.map(({ id, t }) => [id, t]));
    expect(Object.values(times).every((t) => t !== null)).toBe(true);
  });

  test("samples the migration at least every 50 ms and at every round", () => {
    const lines = readFileSync(join(sandbox.path("run"), "trials/001-idle/probed/migration.jsonl"), "utf8")
      .trim()
      .split("\n");
    const records = lines.map(
      (line) => JSON.parse(line) as { record: string; at?: { mono: number }; round?: number; kind?: string },
    );
    const samples = records.filter(({ record }) => record === "progress");
    expect(samples.length).toBeGreaterThan(3);
    expect(records.some(({ kind }) => kind === "stop") && records.some(({ kind }) => kind === "resume")).toBe(true);
  });

  test("records every phase, the accelerator and the versions", () => {
    for (const one of result.trials[0]!.passes) {
      expect(one.phases.map(({ name }) => name)).toEqual([
        "power-on",
        "settle",
        "fill-disk",
        "old-copy",
        "start-workload",
        "measure-dirty-rate",
        "statistics-before",
        "start-captures",
        "counters-before",
        "start-prober",
        "migrate",
        "stop-prober",
        "stop-captures",
        "counters-after",
        "statistics-after",
        "stop-workload",
        "check-disk",
        "migrate-back",
        "power-off",
      ]);
      expect(one.hosts.map(({ accelerator }) => accelerator)).toEqual([
        result.trials[0]!.accelerator,
        result.trials[0]!.accelerator,
      ]);
      expect(one.hosts.every(({ version }) => /^\d+\.\d+/u.test(version))).toBe(true);
      expect(one.settings.some(({ name, host }) => name === "downtimeLimit" && host === "source")).toBe(true);
    }
  });

  test("writes a report that needs nothing else", () => {
    const report = readFileSync(sandbox.path("run/report.html"), "utf8");
    expect(report).toContain("<svg");
    expect(report).not.toMatch(/(?:src|href)="https?:/u);
  });

  test("can be analysed again to the same bytes", async () => {
    const written = readFileSync(sandbox.path("run/result.json"), "utf8");
    expect(run.stdout).toBe(written);
    const again = await sandbox.migrascope("analyze", sandbox.path("run"), "--json");
    expect(again.stdout).toBe(written);
  });

  test("leaves nothing on the machine", () => {
    expect(sandbox.processes()).toEqual([]);
    expect(machineTraces()).toBe(before);
    expect(existsSync(sandbox.path("state/labs")) ? readdirSync(sandbox.path("state/labs")) : []).toEqual([]);
  });
});

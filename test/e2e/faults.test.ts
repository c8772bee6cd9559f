/**
 * What goes wrong is told, recorded and cleaned up: with the real lab, VM and network. The tests mostly wait, for guests to
 * boot and counters to settle, and judge no times: so they run side by side, which also shows that labs do not meet.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Result } from "../../src/model/result.ts";
import { Sandbox } from "../support/sandbox.ts";

const TESTBED = "vm: {memory: 256MiB, disk: 1GiB}\n";
const scenario = (text: string): string => `name: fault\nscenarios:\n  - name: idle\n${text.replace(/^/gmu, "    ")}\n`;

const runWith = (sandbox: Sandbox, plan: string, ...more: string[]): string[] => [
  "run",
  sandbox.file("plan.yaml", plan),
  "--testbed",
  sandbox.file("testbed.yaml", TESTBED),
  "--out",
  sandbox.path("run"),
  ...more,
];
const nothingRuns = (sandbox: Sandbox): void => {
  expect(sandbox.processes()).toEqual([]);
  expect(existsSync(sandbox.path("state/labs")) ? readdirSync(sandbox.path("state/labs")) : []).toEqual([]);
};

describe("bad input", () => {
  test.each([
    ["name: p\nscenarios:\n  - name: a\n    setings: {}\n", /plan\.yaml:4:5: unknown key "setings"/u],
    ["name: p\nscenarios:\n  - name: a\n    settings: {bandwidth: 1Gbps}\n", /plan\.yaml:4:16: .*unknown unit "Gbps"/u],
    ["name: p\nscenarios: []\n", /plan\.yaml:2:1: scenarios/u],
  ])("a wrong plan is refused with its place, before anything starts", async (plan, expected) => {
    using sandbox = new Sandbox();
    const { code, stderr } = await sandbox.migrascope(...runWith(sandbox, plan));
    expect(stderr).toMatch(expected);
    expect(code).toBe(1);
    expect(existsSync(sandbox.path("run"))).toBe(false);
  });

  test("a probe interval without a unit is a usage error", async () => {
    using sandbox = new Sandbox();
    const { code, stderr } = await sandbox.migrascope("run", "baseline", "--ping-interval", "1");
    expect(stderr).toMatch(/is not a duration/u);
    expect(code).toBe(2);
  });

  test("a run is never overwritten", async () => {
    using sandbox = new Sandbox();
    execFileSync("mkdir", ["-p", sandbox.path("run")]);
    sandbox.file("run/manifest.json", "precious");
    const { code, stderr } = await sandbox.migrascope(...runWith(sandbox, scenario("")));
    expect(stderr).toMatch(/never overwritten/u);
    expect(code).toBe(1);
    expect(readFileSync(sandbox.path("run/manifest.json"), "utf8")).toBe("precious");
  });
});

describe.concurrent("faults of the real world", () => {
  test("a migration that never ends is cancelled, recorded as a timeout, and the VM still runs on the source", async () => {
    using sandbox = new Sandbox();
    const plan = scenario("deadline: 4s\nsettings: {bandwidth: 200kB/s, downtimeLimit: 1ms}");
    const { code, stdout } = await sandbox.migrascope(...runWith(sandbox, plan, "--json"));
    const result = Result.parse(JSON.parse(stdout));
    expect(result.trials[0]!.status).toBe("timeout");
    for (const pass of result.trials[0]!.passes) {
      expect(pass.status).toBe("timeout");
      expect(pass.failures[0]!.message).toMatch(/the VM runs on the source/u);
      expect(pass.measurements.blackout!.value).toBeNull();
      expect(pass.measurements.totalTime!.value).toBeNull();
    }
    expect(code).toBe(1);
    nothingRuns(sandbox);
  });

  test("a setting that this QEMU lacks is refused by name before anything is migrated", async () => {
    using sandbox = new Sandbox();
    const { code, stdout } = await sandbox.migrascope(
      ...runWith(sandbox, scenario("settings: {multifd: {compression: uadk}}"), "--json"),
    );
    const result = Result.parse(JSON.parse(stdout));
    expect(result.trials[0]!.status).toBe("failed");
    expect(result.trials[0]!.passes[0]!.failures[0]).toMatchObject({
      code: "SETTING_UNSUPPORTED",
      message: expect.stringMatching(/uadk/u),
    });
    expect(code).toBe(1);
    nothingRuns(sandbox);
  });

  test("a VM that does not boot is a failed trial with its console kept", async () => {
    using sandbox = new Sandbox();
    const plan = scenario("bootDeadline: 10s\nvm: {memory: 24MiB}");
    const { code, stdout } = await sandbox.migrascope(...runWith(sandbox, plan, "--json"));
    const [trial] = Result.parse(JSON.parse(stdout)).trials;
    expect(trial!.status).toBe("failed");
    expect(trial!.passes[0]!.failures[0]!.code).toBe("VM_NOT_BOOTED");
    expect(readdirSync(sandbox.path("run/trials/001-idle/quiet"))).toContain("console-source.log");
    expect(code).toBe(1);
    nothingRuns(sandbox);
  });

  test("Ctrl-C while migrating ends clean, with what was measured", async () => {
    using sandbox = new Sandbox();
    const run = sandbox.start(
      ...runWith(sandbox, scenario("deadline: 5min\nsettings: {bandwidth: 1MB/s, downtimeLimit: 1ms}")),
    );
    await run.seen("migrate");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    run.child.kill("SIGINT");
    const { code } = await run.ended;
    expect(code).toBe(130);
    const manifest = JSON.parse(readFileSync(sandbox.path("run/manifest.json"), "utf8")) as { state: string };
    expect(manifest.state).toBe("interrupted");
    const result = Result.parse(JSON.parse(readFileSync(sandbox.path("run/result.json"), "utf8")));
    expect(result.trials[0]!.status).toBe("cancelled");
    nothingRuns(sandbox);
  });

  test("SIGKILL of a run leaves nothing that `lab down` does not remove, and a run directory that can be read", async () => {
    using sandbox = new Sandbox();
    const run = sandbox.start(
      ...runWith(sandbox, scenario("deadline: 5min\nsettings: {bandwidth: 1MB/s, downtimeLimit: 1ms}")),
    );
    await run.seen("migrate");
    for (const line of sandbox.processes()) {
      try {
        process.kill(Number(line.split(" ")[0]), "SIGKILL");
      } catch {
        // One of them took it along.
      }
    }
    await run.ended;
    const down = await sandbox.migrascope("lab", "down", "--all");
    expect(down.code).toBe(0);
    nothingRuns(sandbox);
    const { stdout } = await sandbox.migrascope("analyze", sandbox.path("run"), "--json");
    expect(Result.parse(JSON.parse(stdout)).run.state).toBe("running");
  });

  test("a full disk ends the run with an error and no result that looks whole", async () => {
    using sandbox = new Sandbox();
    execFileSync("mkdir", ["-p", sandbox.path("small")]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160k", "tmpfs", sandbox.path("small")]);
    try {
      const args = runWith(sandbox, scenario(""));
      args[args.indexOf("--out") + 1] = sandbox.path("small/run");
      const { code, stderr } = await sandbox.migrascope(...args);
      expect(code).toBe(1);
      expect(stderr).toMatch(/No space left|ENOSPC|disk full/iu);
      expect(existsSync(sandbox.path("small/run/report.html"))).toBe(false);
    } finally {
      execFileSync("umount", [sandbox.path("small")]);
    }
    nothingRuns(sandbox);
  });

  test("an SNMP agent that falls silent costs the bytes, not the trial, and the exit code says so", async () => {
    using sandbox = new Sandbox();
    const run = sandbox.start(...runWith(sandbox, scenario(""), "--json"));
    await run.seen("settle");
    const agent = sandbox.processes().find((line) => line.includes("snmpd"));
    expect(agent).toBeDefined();
    process.kill(Number(agent!.split(" ")[0]), "SIGKILL");
    const { code, stdout } = await run.ended;
    const [trial] = Result.parse(JSON.parse(stdout)).trials;
    expect(trial!.status).toBe("completed");
    expect(trial!.passes[0]!.failures.map((failure) => failure.code)).toContain("SNMP_SILENT");
    expect(trial!.measurements.transferred).toMatchObject({ value: null, unknown: expect.any(String) });
    expect(trial!.measurements.totalTime!.value).toBeGreaterThan(0);
    expect(code).toBe(1);
    nothingRuns(sandbox);
  });
});

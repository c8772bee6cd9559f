/** A run on hosts under libvirt that is killed: its VM is libvirt's, and outlives it. The next run must not mind. */
import { existsSync, readFileSync } from "node:fs";
import { kill } from "node:process";
import { expect, test } from "vitest";
import { Result } from "../../src/model/result.ts";
import { machineTraces, Sandbox } from "../support/sandbox.ts";

const TESTBED = "name: hosts\nhypervisor: libvirt\nvm: {memory: 256MiB, disk: 1GiB}\n";
const ENDLESS = `name: endless
scenarios:
  - name: idle
    deadline: 5min
    settings: {bandwidth: 1MB/s, downtimeLimit: 1ms}
`;
const SHORT = "name: short\nscenarios:\n  - name: idle\n";

test("killed while its VM migrates, it leaves a readable run, and the next run on the same hosts completes", async () => {
  const before = machineTraces();
  {
    using sandbox = new Sandbox();
    const testbed = ["--testbed", sandbox.file("testbed.yaml", TESTBED)];
    const up = await sandbox.migrascope("lab", "up", ...testbed);
    expect(up.code, up.stderr).toBe(0);
    const out = sandbox.path("killed");
    const run = sandbox.start("run", sandbox.file("endless.yaml", ENDLESS), ...testbed, "--out", out);
    const events = `${out}/events.jsonl`;
    while (!existsSync(events) || !/phase-started.*"migrate"/u.test(readFileSync(events, "utf8"))) {
      expect(run.child.exitCode).toBe(null);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // The process that was started and the one that works on the benchmark server, at the same moment.
    const ours = sandbox.processes().filter((process) => /src\/cli\/main\.ts run /u.test(process));
    expect(ours.length).toBeGreaterThan(1);
    for (const process of ours) kill(Number.parseInt(process, 10), "SIGKILL");
    await run.ended;
    expect(JSON.parse(readFileSync(`${out}/manifest.json`, "utf8"))).toMatchObject({ state: "running" });
    const analysed = await sandbox.migrascope("analyze", out);
    expect(analysed.code, analysed.stderr).toBe(0);

    const again = await sandbox.migrascope("run", sandbox.file("short.yaml", SHORT), ...testbed, "--json");
    expect(again.code, again.stderr).toBe(0);
    const { trials } = Result.parse(JSON.parse(again.stdout));
    expect(trials.map(({ status }) => status)).toEqual(["completed"]);
    await sandbox.migrascope("lab", "down", "--all");
    expect(sandbox.processes()).toEqual([]);
  }
  expect(machineTraces()).toBe(before);
}, 900_000);

/** However a run is ended, its lab goes with it: with the real lab and VM. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { PROGRAM, Sandbox } from "../support/sandbox.ts";

const PLAN = `name: endless
scenarios:
  - name: idle
    deadline: 5min
    settings: {bandwidth: 1MB/s, downtimeLimit: 1ms}
`;
const runIn = (sandbox: Sandbox): string[] => [
  "run",
  sandbox.file("plan.yaml", PLAN),
  "--testbed",
  sandbox.file("testbed.yaml", "vm: {memory: 256MiB, disk: 1GiB}\n"),
  "--out",
  sandbox.path("run"),
];
const labs = (sandbox: Sandbox): string[] =>
  existsSync(sandbox.path("state/labs")) ? readdirSync(sandbox.path("state/labs")) : [];
const nothingIsLeft = (sandbox: Sandbox): void => {
  expect(sandbox.processes()).toEqual([]);
  expect(labs(sandbox)).toEqual([]);
};

describe.concurrent("the end of a run", () => {
  test("Ctrl-C while the lab is being built", async () => {
    using sandbox = new Sandbox();
    const run = sandbox.start(...runIn(sandbox));
    await run.seen("accelerator:");
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
    expect(existsSync(sandbox.path("run"))).toBe(false);
    nothingIsLeft(sandbox);
  });

  test("Ctrl-C while the VM boots", async () => {
    using sandbox = new Sandbox();
    const run = sandbox.start(...runIn(sandbox));
    await run.seen("✓ power on");
    run.child.kill("SIGINT");
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr.match(/interrupted: taking down/gu)).toHaveLength(1);
    const manifest = JSON.parse(readFileSync(sandbox.path("run/manifest.json"), "utf8")) as { state: string };
    expect(manifest.state).toBe("interrupted");
    nothingIsLeft(sandbox);
  });

  test("three times Ctrl-C", async () => {
    using sandbox = new Sandbox();
    const run = sandbox.start(...runIn(sandbox));
    await run.seen("✓ settle");
    for (let times = 0; times < 3; times++) {
      run.child.kill("SIGINT");
      await sleep(50); // Signals that wait are delivered once.
    }
    expect((await run.ended).code).toBe(130);
    nothingIsLeft(sandbox);
  });

  test("a reader of the progress that has left", async () => {
    using sandbox = new Sandbox();
    const child = spawn(PROGRAM, runIn(sandbox), {
      env: sandbox.env,
      cwd: sandbox.directory,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await new Promise((resolve) => child.stderr.once("data", resolve));
    child.stderr.destroy();
    const events = sandbox.path("run/events.jsonl");
    while (!existsSync(events) || !readFileSync(events, "utf8").includes('"settle"')) {
      expect(child.exitCode).toBe(null);
      await sleep(100);
    }
    child.kill("SIGTERM");
    expect(await ended).toBe(130);
    nothingIsLeft(sandbox);
  });
});

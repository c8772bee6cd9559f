/** The whole of a trial without root: lab, VM, captures, prober, SNMP, all in a user namespace. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Result } from "../../src/model/result.ts";
import { Sandbox } from "../support/sandbox.ts";
import { asUnprivileged } from "../support/unprivileged.ts";

/** It has a line in /etc/passwd, without which ssh refuses to work. */
const USER = "nobody";

test("a user without privileges gets the same measurements", async () => {
  using sandbox = new Sandbox();
  sandbox.file("plan.yaml", "name: small\nscenarios:\n  - name: idle\n");
  sandbox.file("testbed.yaml", "vm: {memory: 256MiB, disk: 1GiB}\n");
  execFileSync("chown", ["-R", USER, sandbox.directory]);
  const script = `export MIGRASCOPE_STATE="$HOME/state" MIGRASCOPE_CACHE="$HOME/cache"
    "$checkout/bin/migrascope" run plan.yaml --testbed testbed.yaml --out run --json`;
  const [program, ...args] = asUnprivileged(script, {
    directory: sandbox.directory,
    user: USER,
    tun: true,
    home: sandbox.directory,
  });
  const { stdout } = await promisify(execFile)(program!, args, { maxBuffer: 2 ** 26 });

  const result = Result.parse(JSON.parse(stdout));
  const [trial] = result.trials;
  expect(result.run.environment.lab).toBe("user-namespace");
  expect(trial!.status).toBe("completed");
  expect(trial!.passes.flatMap(({ failures }) => failures)).toEqual([]);
  for (const id of ["totalTime", "blackout", "downtime", "transferred"])
    expect(trial!.measurements[id]!.value, id).toBeGreaterThan(0);
  expect(trial!.passes[1]!.fates!["answered-by-destination"]).toBeGreaterThan(100);
  expect(sandbox.processes()).toEqual([]);
});

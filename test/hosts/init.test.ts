import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { parseText } from "../../src/config/document.ts";
import { splitLogin } from "../../src/hosts/init/questions.ts";
import { type HostsFile, hostsYaml } from "../../src/hosts/write.ts";
import { HostsTestbed } from "../../src/model/hosts.ts";
import { PROGRAM, Sandbox } from "../support/sandbox.ts";

const FILE: HostsFile = {
  kind: "hosts",
  hosts: {
    source: { ssh: { host: "a" }, service: { interface: "br0" }, migration: { interface: "m0", ipv4: "10.0.2.1" } },
    destination: {
      ssh: { host: "b" },
      service: { interface: "br0" },
      migration: { interface: "m0", ipv4: "10.0.2.2" },
    },
  },
  benchmark: { interface: "eth0" },
  switch: {
    address: "10.0.0.9",
    community: { env: "COMMUNITY" },
    ports: { "migration.source": { mac: "02:00:00:00:00:01" } },
  },
  storages: { local: { kind: "directory", path: "/vms" } },
  vm: { from: { guest: "migrascope" }, memory: "256MiB" },
};

test("what is written is what was meant, with comments and innermost maps on a line", () => {
  const text = hostsYaml(FILE);
  expect(parseText(text, "t.yaml", HostsTestbed)).toEqual(HostsTestbed.parse(FILE));
  expect(text).toMatch(/^# A testbed of real machines/u);
  expect(text).toMatch(/# where disks are, .*\n.*\nstorages:/u);
  expect(text).toContain("    migration: {interface: m0, ipv4: 10.0.2.1}\n");
});

test.each([
  ["a", { host: "a" }],
  ["root@10.0.0.1", { user: "root", host: "10.0.0.1" }],
  ["op@a.example:2222", { user: "op", host: "a.example", port: 2222 }],
  ["root@[fd77::1]:2222", { user: "root", host: "fd77::1", port: 2222 }],
  ["root@fd77:1::11", { user: "root", host: "fd77:1::11" }],
])("a login of %s is understood", (text, login) => {
  expect(splitLogin(text)).toEqual(login);
});

test("Ctrl-C in the middle of the questions leaves nothing", async () => {
  using sandbox = new Sandbox();
  const child = spawn(PROGRAM, ["testbed", "init", sandbox.path("t.yaml")], {
    env: sandbox.env,
    stdio: ["pipe", "ignore", "pipe"],
  });
  let said = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await new Promise<void>((resolve) =>
    child.stderr.on("data", (chunk) => {
      said += chunk;
      if (said.includes("logs in to the source")) resolve();
    }),
  );
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(said).toContain("nothing was written");
  expect(readdirSync(sandbox.directory)).toEqual([]);
});

test("answers that end too early are a failure, and leave nothing", async () => {
  using sandbox = new Sandbox();
  const child = spawn(PROGRAM, ["testbed", "init", sandbox.path("t.yaml")], {
    env: sandbox.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  expect(await new Promise((resolve) => child.once("close", resolve))).toBe(1);
  expect(said).toContain("the input ended before the last question");
  expect(existsSync(sandbox.path("t.yaml"))).toBe(false);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadHosts, loadLab, loadTestbed } from "../../src/config/testbed.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ms-config-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function file(text: string): string {
  mkdirSync(join(directory, "beds"), { recursive: true });
  const path = join(directory, "beds", "t.yaml");
  writeFileSync(path, text);
  return path;
}

const HOSTS = `kind: hosts
hosts:
  source: {ssh: {host: a, keyFile: ~/keys/k}, service: {interface: br0}, migration: {interface: m0, ipv4: 10.0.2.1}}
  destination: {ssh: {host: b, keyFile: k, knownHostsFile: ../known}, service: {interface: br0}, migration: {interface: m0}}
benchmark: {interface: eth0}
switch: {address: 10.0.0.9, community: {file: secret}, ports: {migration.source: {name: gi1}}}
storages: {local: {kind: directory, path: /vms}}
vm: {from: {domain: web}}
`;

test("paths begin at home or where the testbed's file is", async () => {
  const testbed = await loadHosts(file(HOSTS));
  expect(testbed.hosts.source.ssh.keyFile).toBe(join(homedir(), "keys/k"));
  expect(testbed.hosts.destination.ssh.keyFile).toBe(join(directory, "beds", "k"));
  expect(testbed.hosts.destination.ssh.knownHostsFile).toBe(join(directory, "known"));
  expect(testbed.switch!.community).toEqual({ file: join(directory, "beds", "secret") });
});

test("what is left out of an SSH access is root at port 22", async () => {
  expect((await loadHosts(file(HOSTS))).hosts.source.ssh).toMatchObject({ user: "root", port: 22 });
});

test("a community in plain is refused: the file says where it is", async () => {
  await expect(loadHosts(file(HOSTS.replace("{file: secret}", "public")))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/t\.yaml:6:\d+: switch\.community/u),
  });
});

test("a role of a port that nothing has is refused", async () => {
  await expect(loadHosts(file(HOSTS.replace("migration.source", "migration.elsewhere")))).rejects.toThrow(
    /switch\.ports/u,
  );
});

test("each kind is told from the other", async () => {
  expect((await loadTestbed(file(HOSTS))).kind).toBe("hosts");
  await expect(loadLab(file(HOSTS))).rejects.toThrow("this testbed is one of real machines, not a lab");
  expect((await loadTestbed(file("name: one\n"))).kind).toBe("lab");
  await expect(loadHosts(file("name: one\n"))).rejects.toThrow("this testbed is a lab: write `kind: hosts`");
});

test("a file of no kind is told its own mistakes", async () => {
  await expect(loadHosts(file("naem: one\n"))).rejects.toThrow('t.yaml:1:1: unknown key "naem"');
});

/** Real machines as Migrascope sees them: reached by SSH alone, described by a file. Here they are a lab's, which is told nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureGuestImage, type GuestImage } from "../../src/guest/image.ts";
import { VmSpec } from "../../src/model/machines.ts";
import { type PassResult, Result } from "../../src/model/result.ts";
import { type CommandResult, PROGRAM, Sandbox } from "../support/sandbox.ts";

const LAB = "machines";
const TESTBED = `name: ${LAB}\nhypervisor: libvirt\nvm: {memory: 256MiB, disk: 1GiB}\n`;
const plan = (scenario: string): string => `name: small\nscenarios:\n  - {name: idle, ${scenario}}\n`;
const IMAGE = "/var/lib/libvirt/images/mine.qcow2";

/** A domain that somebody has had for years. */
const domain = (guest: GuestImage): string => `<domain type='qemu'>
  <name>mine</name><title>somebody's</title><memory unit='MiB'>256</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${guest.kernel}</kernel><initrd>${guest.initrd}</initrd>
    <cmdline>${guest.commandLine(VmSpec.parse({ disk: "1GiB" }))}</cmdline></os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>Nehalem</model></cpu>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='${IMAGE}'/><target dev='vda' bus='virtio'/></disk>
    <interface type='ethernet'><mac address='52:54:00:4d:53:01'/><target dev='vm0' managed='no'/><model type='virtio'/></interface>
    <serial type='pty'/>
  </devices>
</domain>
`;

describe("hosts reached by SSH", () => {
  let sandbox: Sandbox;
  let hosts: string;
  /** On the benchmark server: from outside of a lab nothing in it can be reached. */
  const inside = (...argv: string[]): Promise<CommandResult> =>
    sandbox.migrascope("lab", "exec", "--name", LAB, "--", ...argv);
  const host = async (name: "source" | "destination", script: string): Promise<string> => {
    const ssh = sandbox.path(`state/labs/${LAB}/ssh`);
    const options = ["-i", `${ssh}/key`, "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${ssh}/known_hosts`];
    const { code, stdout, stderr } = await inside("ssh", ...options, `root@${name}`, script);
    expect(code, stderr).toBe(0);
    return stdout.trim();
  };
  const run = async (scenario: string): Promise<{ ran: CommandResult; result: Result | undefined }> => {
    const file = sandbox.file("plan.yaml", plan(scenario));
    const ran = await inside(PROGRAM, "run", file, "--testbed", hosts, "--json");
    return { ran, result: ran.stdout === "" ? undefined : Result.parse(JSON.parse(ran.stdout)) };
  };
  const probed = (result: Result | undefined): PassResult =>
    result!.trials[0]!.passes.find(({ kind }) => kind === "probed")!;

  beforeAll(async () => {
    sandbox = new Sandbox();
    const up = await sandbox.migrascope("lab", "up", "--testbed", sandbox.file("testbed.yaml", TESTBED));
    expect(up.code, up.stderr).toBe(0);
    hosts = sandbox.path("hosts.yaml");
    const written = await sandbox.migrascope("testbed", "init", hosts, "--lab", LAB);
    expect(written.code, written.stderr).toBe(0);
  }, 300_000);
  afterAll(() => sandbox[Symbol.dispose]());

  test("are checked, and a VM is made, migrated and measured on them, with all that is measured in a lab", async () => {
    const { ran, result } = await run("settings: {transport: tls}");
    expect(ran.code, ran.stderr).toBe(0);
    expect(result!.run.environment.notMeasured).toBeUndefined();
    expect(result!.trials.map(({ status, hypervisor }) => [status, hypervisor])).toEqual([["completed", "libvirt"]]);
    for (const id of ["totalTime", "blackout", "downtime", "transferred", "transferredMemory", "storageSource"])
      expect(result!.trials[0]!.measurements[id], id).toMatchObject({ value: expect.any(Number) });
    expect(probed(result).settings).toContainEqual(
      expect.objectContaining({ name: "transport", host: "source", effective: "tls" }),
    );
    expect(probed(result).announcements.length).toBeGreaterThan(0);
    expect(await host("source", "virsh list --all --name; ls /var/lib/libvirt/images")).toBe("");
  });

  test("have a VM of their own, which is adopted, moved with its disk, and given back as it was", async () => {
    const guest = await ensureGuestImage();
    const definition = sandbox.file("mine.xml", domain(guest));
    const put = await inside("sh", "-c", `cat ${definition}`);
    await host("source", `cat >/root/mine.xml <<'END'\n${put.stdout}END\nqemu-img create -q -f qcow2 ${IMAGE} 1G`);
    await host("source", "virsh --quiet define /root/mine.xml && virsh --quiet start mine");
    const before = await host("source", "virsh dumpxml mine --inactive");
    const adopted = readFileSync(hosts, "utf8").replace("from: {guest: migrascope}", "from: {domain: mine}");
    expect(adopted).toContain("domain: mine");
    writeFileSync(
      hosts,
      `${adopted}\nguest: {user: root, keyFile: ${guest.sshKey}, knownHostsFile: ${guest.knownHosts}, directory: /data}\n`,
    );
    const { ran, result } = await run("migration: storage, disk: {data: 16MiB}");
    expect(ran.code, ran.stderr).toBe(0);
    expect(result!.trials.map(({ status }) => status)).toEqual(["completed"]);
    expect(probed(result).diskCheck).toMatchObject({ same: true });
    expect(await host("source", "virsh domstate mine")).toBe("running");
    expect(await host("source", "virsh dumpxml mine --inactive")).toBe(before);
    expect(await host("destination", "virsh list --all --name; ls /var/lib/libvirt/images")).toBe("");
  });

  test("are left alone when something of somebody's is in the way", async () => {
    await host("destination", `echo precious >${IMAGE}`);
    const { ran, result } = await run("migration: storage");
    expect(ran.code).toBe(1);
    expect(result!.trials[0]!.passes[0]!.failures[0]!.message).toMatch(/mine\.qcow2 is there already/u);
    expect(await host("destination", `cat ${IMAGE}`)).toBe("precious");
    expect(await host("source", "virsh domstate mine")).toBe("running");
    const cold = await run("migration: cold");
    expect(cold.ran.stderr).toMatch(/migration: cold: the VM is adopted/u);
  });
});

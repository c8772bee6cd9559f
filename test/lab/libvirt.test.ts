import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labDown } from "../../src/lab/down.ts";
import { requireRoot } from "../../src/lab/libvirt.ts";
import { startLibvirtd, stopLibvirtd } from "../../src/lab/libvirtd.ts";
import { type LabProcess, labProcesses, startTimeOf } from "../../src/lab/processes.ts";
import { readLabState } from "../../src/lab/state.ts";
import { bareLab, labNames, labStatus } from "../../src/lab/status.ts";
import { labUp } from "../../src/lab/up.ts";
import { NODE, Room, scriptPath, testbedNamed } from "./support/room.ts";

let room: Room;
let before: object;
const testbed = testbedNamed("lv", { hypervisor: "libvirt", links: { storage: { rate: "500Mb/s" } } });
const directory = (): string => labStatus("lv").directory;

const traces = (): object => ({
  links: execFileSync("ip", ["-brief", "link"], { encoding: "utf8" }),
  mounts: readFileSync("/proc/mounts", "utf8"),
  // What a lab's hosts must not write to: the machine's own.
  files: ["/etc", "/run", "/root", "/var/lib/libvirt", "/etc/libvirt", "/etc/ssh"].map((path) => readdirSync(path)),
});

beforeAll(async () => {
  before = traces();
  room = new Room();
  await labUp(testbed);
}, 120_000);
afterAll(() => room[Symbol.asyncDispose]());

const overSsh = async (machine: string, ...argv: string[]): Promise<string> => {
  const { keyFile, knownHostsFile, user } = labStatus("lv").state!.libvirt!.ssh;
  const options = ["BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHostsFile}`];
  const ssh = ["ssh", "-i", keyFile, ...options.flatMap((option) => ["-o", option]), `${user}@${machine}`];
  return (await room.cli("enter", "lv", ...ssh, ...argv)).stdout.trim();
};

/** A zombie has no command line; it waits for the machine's first process to notice. */
const runs = ({ pid, startTime }: LabProcess): boolean =>
  startTimeOf(pid) === startTime && readFileSync(`/proc/${pid}/cmdline`, "latin1") !== "";

const hypervisors = (): LabProcess[] =>
  labProcesses(directory()).filter(({ command }) => command.startsWith("qemu-system"));

test("the lab is healthy and its state names the NAS and how to log in", () => {
  const { health, problems, state } = labStatus("lv");
  expect({ health, problems }).toEqual({ health: "healthy", problems: [] });
  expect(state).toMatchObject({
    hypervisor: "libvirt",
    libvirt: { ssh: { user: "root", port: 22 }, images: "/var/lib/libvirt/images" },
    storage: { nfs: { export: "/vms" }, iscsi: { target: "iqn.2026-11.io.migrascope:lv", lun: 1 } },
    machines: { nas: { storage: { ipv4: "10.77.3.13" } }, source: { storage: { interface: "sto0" } } },
  });
  expect(state!.ports).toMatchObject({ "storage.nas": "sto-nas", "service.nas": "svc-nas" });
  expect(readLabState(directory())).toEqual(state);
});

test("two hosts, each with its own identity, share disks on the NAS and migrate a VM over SSH, and back with TLS", async () => {
  const ran = await room.cli("enter", "lv", NODE, scriptPath("libvirt.ts"));
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  const { identities, shared, privateFiles, passwordless, there, back } = JSON.parse(ran.stdout);
  expect(identities.map(({ hostname }: { hostname: string }) => hostname)).toEqual(["source", "destination"]);
  for (const { version } of identities) expect(version).toMatch(/Running hypervisor: QEMU/u);
  expect(identities[0].uuid).toMatch(/^[0-9a-f-]{36}$/u);
  expect(identities[0].uuid).not.toBe(identities[1].uuid);
  expect(identities[0].machineId).not.toBe(identities[1].machineId);
  for (const disk of ["nfs", "nfs6", "iscsi", "iscsi6"]) expect(shared[disk]).toMatch(/^read 65536\/65536/u);
  expect(privateFiles).toBe("");
  expect(passwordless).toEqual({ names: "destination", addresses: "source", tls: "source" });
  expect(there).toEqual({ sameBoot: true, source: "", destination: "vm" });
  expect(back).toEqual({ sameBoot: true, source: "vm", destination: "" });
}, 300_000);

test("a VM goes on while its host's libvirtd is away, and is known again afterwards", async () => {
  const lab = bareLab(labStatus("lv").state!);
  await stopLibvirtd(lab, "source", "KILL");
  expect(labStatus("lv").problems).toEqual(["libvirtd does not listen on the source"]);
  expect(hypervisors()).toHaveLength(1);
  await startLibvirtd(lab, "source");
  expect(labStatus("lv").health).toBe("healthy");
  expect(await overSsh("source", "virsh", "domstate", "vm")).toBe("running");
});

test("down ends a running VM too and leaves nothing", async () => {
  const [qemu] = hypervisors();
  expect(runs(qemu!)).toBe(true);
  await labDown("lv");
  expect(runs(qemu!)).toBe(false);
  expect(labNames()).toEqual([]);
  expect(readdirSync(room.state)).toEqual([]);
  expect(traces()).toEqual(before);
});

test.each(["giving the hosts and the NAS files", "starting the NAS", "starting libvirt on the hosts"])(
  "a lab up that is killed while %s is cleaned up by down",
  async (moment) => {
    const file = join(room.directory, "testbed.yaml");
    writeFileSync(file, "name: lv\nhypervisor: libvirt\n");
    // Steps are told on standard error.
    const up = room.start([
      "sh",
      "-c",
      'exec "$@" 2>&1',
      "sh",
      NODE,
      scriptPath("cli.ts"),
      "lab",
      "up",
      "--testbed",
      file,
    ]);
    await up.seen(moment);
    up.child.kill("SIGKILL");
    await up.ended;
    expect(labStatus("lv").health).toBe("broken");
    const left = labProcesses(directory());
    expect(left.length).toBeGreaterThan(0);
    await labDown("lv");
    expect(left.filter(runs)).toEqual([]);
    expect(traces()).toEqual(before);
  },
);

test("another hypervisor builds the lab anew", async () => {
  await labUp(testbedNamed("lv"));
  const steps: string[] = [];
  const state = await labUp(testbed, { onStep: (step) => steps.push(step) });
  expect(steps[0]).toMatch(/built for qemu/u);
  expect(state.hypervisor).toBe("libvirt");
  const back = await labUp(testbedNamed("lv"));
  expect(back.machines.nas).toBeUndefined();
  expect(back.libvirt).toBeUndefined();
  await labDown("lv");
});

test("without root it is refused, and the message says what to do", () => {
  expect(() => requireRoot("qemu", 1000)).not.toThrow();
  expect(() => requireRoot("libvirt", 1000)).toThrow(/needs root.*sudo/u);
});

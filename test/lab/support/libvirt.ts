/**
 * Inside a lab with libvirt: asks both hosts over SSH who they are, has them share disks on the NAS, and migrates a VM from
 * one to the other. Prints the answers as JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ensureGuestImage } from "../../../src/guest/image.ts";
import { insideLab } from "../../../src/lab/enter.ts";
import { readLabState } from "../../../src/lab/state.ts";
import { HOSTS } from "../../../src/lab/topology.ts";
import type { HostRole } from "../../../src/model/machines.ts";
import { VmSpec } from "../../../src/model/machines.ts";
import { sshMachine } from "../../../src/remote/ssh.ts";

const state = readLabState(insideLab()!)!;
const { ssh } = state.libvirt!;
const { nfs, iscsi } = state.storage!;
const nas = state.machines.nas!.storage;
const host = (role: HostRole) => sshMachine(role, { ...ssh, host: state.machines[role].service.ipv4 });
const hosts = { source: host("source"), destination: host("destination") };
const on = async (role: HostRole, ...argv: string[]): Promise<string> =>
  (await hosts[role].run(argv, { timeout: 120 })).stdout.trim();

const identities = await Promise.all(
  HOSTS.map(async (role) => ({
    hostname: await on(role, "hostname"),
    version: await on(role, "virsh", "-c", "qemu:///system", "version"),
    uuid: /<uuid>(.*)<\/uuid>/u.exec(await on(role, "virsh", "-c", "qemu:///system", "capabilities"))?.[1],
    machineId: await on(role, "cat", "/etc/machine-id"),
  })),
);

/** What the one host writes the other reads: "read 65536/65536 …" when it is the same. */
const disks = {
  nfs: `nfs://${nas.ipv4}${nfs.export}/written.raw`,
  nfs6: `nfs://nas-storage${nfs.export}/written6.raw`,
  iscsi: `iscsi://${nas.ipv4}/${iscsi.target}/${iscsi.lun}`,
  iscsi6: `iscsi://[${nas.ipv6}]/${iscsi.target}/${iscsi.lun}`,
} as const;
const shared: Record<string, string> = {};
for (const [index, [name, disk]] of Object.entries(disks).entries()) {
  if (name.startsWith("nfs")) await on("source", "qemu-img", "create", "-q", "-f", "raw", disk, "8M");
  await on("source", "qemu-io", "-f", "raw", "-c", `write -P ${index + 1} 1M 64k`, disk);
  shared[name] = await on("destination", "qemu-io", "-f", "raw", "-c", `read -P ${index + 1} 1M 64k`, disk);
}

const privateFiles = await (async () => {
  await on("source", "sh", "-c", `echo mine | tee ${state.libvirt!.images}/x /tmp/x /run/x /etc/x`);
  return on("destination", "sh", "-c", `ls ${state.libvirt!.images}/x /tmp/x /run/x /etc/x 2>/dev/null || true`);
})();
const passwordless = {
  names: await on("source", "ssh", "destination", "hostname"),
  addresses: await on("destination", "ssh", state.machines.source.migration.ipv6, "hostname"),
  tls: await on("destination", "virsh", "-c", "qemu+tls://source-migration/system", "hostname"),
};

const vm = VmSpec.parse({ memory: "256MiB", disk: "1GiB" });
const image = await ensureGuestImage();
const disk = `${nfs.export}/${vm.name}.raw`;
await on("source", "qemu-img", "create", "-q", "-f", "raw", `nfs://${nas.ipv4}${disk}`, String(vm.disk));
const xml = `<domain type='qemu'>
  <name>${vm.name}</name>
  <memory unit='b'>${vm.memory}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${image.kernel}</kernel><initrd>${image.initrd}</initrd><cmdline>${image.commandLine(vm)}</cmdline></os>
  <features><acpi/></features>
  <devices>
    <disk type='network' device='disk'><driver name='qemu' type='raw' cache='none'/>
      <source protocol='nfs' name='${disk}'><host name='${nas.ipv4}'/></source><target dev='vda' bus='virtio'/></disk>
    <interface type='bridge'><source bridge='${state.machines.source.bridge}'/>
      <mac address='${vm.mac}'/><model type='virtio'/></interface>
    <serial type='pty'/><memballoon model='none'/>
  </devices>
</domain>`;
await hosts.source.run(["sh", "-c", "cat >/tmp/vm.xml; virsh create /tmp/vm.xml"], { input: xml, timeout: 120 });
const guest = sshMachine("vm", {
  ...{ host: vm.ipv4.split("/")[0]!, user: "root", keyFile: image.sshKey, knownHostsFile: image.knownHosts },
  connectTimeout: 5,
});
const bootId = async (patience: number): Promise<string> => {
  for (const deadline = performance.now() + patience * 1000; ; await sleep(200)) {
    const answer = await guest.run(["cat", "/proc/sys/kernel/random/boot_id"]).catch((error: Error) => error);
    if (!(answer instanceof Error)) return answer.stdout.trim();
    if (performance.now() > deadline) throw answer;
  }
};
const before = await bootId(120);
const places = async (): Promise<object> => ({
  sameBoot: (await bootId(60)) === before,
  source: await on("source", "virsh", "list", "--name"),
  destination: await on("destination", "virsh", "list", "--name"),
});
/** Twice: in the clear over IPv4, and back with TLS over IPv6, where both ends check the other's certificate. */
const migrate = (from: HostRole, to: string, uri: string, ...flags: string[]): Promise<string> =>
  on(from, "virsh", "migrate", "--live", "--p2p", ...flags, vm.name, to, "--migrateuri", uri);
await migrate("source", "qemu+ssh://destination/system", `tcp://${state.machines.destination.migration.ipv4}`);
const there = await places();
await migrate("destination", "qemu+tls://source/system", `tcp://[${state.machines.source.migration.ipv6}]`, "--tls");
const back = await places();
process.stdout.write(JSON.stringify({ identities, shared, privateFiles, passwordless, there, back }));

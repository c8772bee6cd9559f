/** What `hypervisor: libvirt` adds to a lab: hosts with their own libvirtd and SSH server, and a NAS. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MigrascopeError } from "../model/errors.ts";
import { giveCertificates } from "./certificates.ts";
import { type BareLab, runOn } from "./init.ts";
import { configureLibvirtd, IMAGES, startLibvirtd } from "./libvirtd.ts";
import { hostsFile } from "./names.ts";
import { ISCSI_LUN, iscsiTarget, NFS_EXPORT, startNas } from "./nas.ts";
import { FURNISHED, furnish } from "./own-files.ts";
import { giveKeys, SSH_PORT, sshFiles, startSshd } from "./sshd.ts";
import type { LabState } from "./state.ts";
import { HOSTS, type LabHypervisor } from "./topology.ts";

/** Asked before anything is installed or built. @throws MigrascopeError PRIVILEGE_MISSING without root. */
export function requireRoot(hypervisor: LabHypervisor, user: number = process.geteuid!()): void {
  if (hypervisor !== "libvirt" || user === 0) return;
  throw new MigrascopeError(
    "PRIVILEGE_MISSING",
    "a lab with hypervisor: libvirt needs root: libvirtd, SSH and NFS servers change to other users, and a user namespace of an ordinary user has only one. Run it with sudo, or with hypervisor: qemu",
  );
}

/** Everything beside the network, which must stand. @throws MigrascopeError LAB_BROKEN, COMMAND_FAILED */
export async function furnishLibvirt(lab: BareLab, step: (what: string) => void): Promise<void> {
  step("giving the hosts and the NAS files, keys and certificates of their own");
  await nameMachines(lab);
  for (const machine of FURNISHED) await furnish(lab, machine);
  await giveKeys(lab);
  await giveCertificates(lab);
  step("starting the NAS");
  for (const machine of FURNISHED) await startSshd(lab, machine);
  await startNas(lab);
  step("starting libvirt on the hosts");
  for (const host of HOSTS) {
    configureLibvirtd(lab, host);
    await startLibvirtd(lab, host);
  }
}

/** The benchmark server knows the machines by name as they know each other. */
async function nameMachines(lab: BareLab): Promise<void> {
  const file = join(lab.directory, "hosts");
  writeFileSync(file, hostsFile());
  await runOn(lab, "benchmark", ["mount", "--bind", file, "/etc/hosts"]);
}

/** What a user of the lab needs to know of it. */
export const libvirtState = (directory: string): Pick<LabState, "libvirt" | "storage"> => ({
  libvirt: { ssh: { user: "root", port: SSH_PORT, ...sshFiles(directory) }, images: IMAGES, tls: true },
  storage: { nfs: { export: NFS_EXPORT }, iscsi: { target: iscsiTarget(directory), lun: ISCSI_LUN } },
});

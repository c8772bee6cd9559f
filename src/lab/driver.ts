/** The lab's hypervisor as a driver: QEMU started by us, or by the libvirt of each host. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { GuestImage } from "../guest/image.ts";
import type { HypervisorDriver } from "../hypervisors/contract.ts";
import { LibvirtDriver } from "../hypervisors/libvirt/driver.ts";
import type { LibvirtHost } from "../hypervisors/libvirt/host.ts";
import { QemuDriver } from "../hypervisors/qemu/driver.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { StorageSpec } from "../model/hosts.ts";
import type { HostRole, VmSpec } from "../model/machines.ts";
import { systemClock } from "../model/time.ts";
import { sshMachine } from "../remote/ssh.ts";
import { labMachines } from "./machines.ts";
import { nameOn } from "./names.ts";
import type { LabState } from "./state.ts";

/** @param accelerator what a guest has really booted under. @throws MigrascopeError LAB_BROKEN when the state is incomplete. */
export function labDriver(
  state: LabState,
  image: GuestImage,
  accelerator: "kvm" | "tcg",
): (vm: VmSpec) => HypervisorDriver {
  return state.libvirt ? libvirtDriver(state, image, accelerator) : qemuDriver(state, image, accelerator);
}

function qemuDriver(state: LabState, image: GuestImage, accelerator: "kvm" | "tcg"): (vm: VmSpec) => HypervisorDriver {
  const machines = labMachines(state);
  const host = (role: HostRole) => {
    const runDirectory = join(state.directory, "vm", role);
    mkdirSync(runDirectory, { recursive: true });
    return {
      machine: machines[role],
      migrationAddress: state.machines[role].migration,
      tap: state.machines[role].tap,
      runDirectory,
    };
  };
  return (vm) =>
    new QemuDriver({
      hosts: { source: host("source"), destination: host("destination") },
      kernel: image.kernel,
      initrd: image.initrd,
      commandLine: (spec) => image.commandLine(spec),
      diskPath: join(state.shared, `${vm.name}.raw`),
      accelerator,
      clock: systemClock,
    });
}

function libvirtDriver(state: LabState, image: GuestImage, accelerator: "kvm" | "tcg"): () => HypervisorDriver {
  const hosts = labLibvirtHosts(state);
  return () =>
    new LibvirtDriver({
      hosts,
      storages: labStorages(state),
      guest: { kernel: image.kernel, initrd: image.initrd, commandLine: (vm) => image.commandLine(vm) },
      accelerator,
      clock: systemClock,
    });
}

/** The lab's hosts by SSH, as real ones are reached. @throws MigrascopeError LAB_BROKEN when it was built without libvirt. */
export function labLibvirtHosts({ libvirt, machines, directory }: LabState): Record<HostRole, LibvirtHost> {
  if (!libvirt) throw new MigrascopeError("LAB_BROKEN", "the lab was built without libvirt", { where: directory });
  const { ssh } = libvirt;
  const host = (role: HostRole): LibvirtHost => ({
    machine: sshMachine(role, {
      host: machines[role].service.ipv4,
      ...ssh,
      controlPath: join(directory, "ssh", role),
    }),
    peer: `qemu+ssh://${role}/system`,
    ssh: { user: ssh.user, host: nameOn({ network: "migration", station: role }), port: ssh.port },
    migrationAddress: machines[role].migration,
    network: { tap: machines[role].tap },
  });
  return { source: host("source"), destination: host("destination") };
}

/** By the names that plans use. @throws MigrascopeError LAB_BROKEN when the lab has no NAS. */
export function labStorages({ libvirt, storage, machines, directory }: LabState): Record<string, StorageSpec> {
  const nas = machines.nas?.storage.ipv4;
  if (!libvirt || !storage || nas === undefined)
    throw new MigrascopeError("LAB_BROKEN", "the lab's state names no NAS", { where: directory });
  return {
    nfs: { kind: "nfs", server: nas, export: storage.nfs.export },
    iscsi: { kind: "iscsi", portal: nas, ...storage.iscsi },
    local: { kind: "directory", path: libvirt.images, shared: false },
  };
}

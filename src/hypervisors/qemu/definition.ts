/** The VM as QEMU's command line: the same on both ends of a migration, but for host-side names. */
import { join } from "node:path";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole, VmSpec } from "../../model/machines.ts";
import type { Abilities } from "./abilities.ts";
import { hugePageOptions, MEMORY } from "./huge-pages.ts";
import { escaped, type HostSetup } from "./instance.ts";

/** The chipset that current management layers choose; its alias is resolved to a version. */
const MACHINE = "q35";

/**
 * A named model: `max` and `host` mean something else on every host and version, and QEMU calls neither safe to migrate;
 * `host` does not even start where a hypervisor below hides a register. Nehalem is the oldest model that has all of
 * x86-64-v2, which current distributions require, and TCG emulates all of it. rdrand lets the guest seed its random
 * numbers at once, so that its SSH server does not wait for entropy.
 */
export const CPU_MODEL = "Nehalem-v1,+rdrand";

export interface Definition {
  readonly vm: VmSpec;
  readonly binary: string;
  readonly accelerator: "kvm" | "tcg";
  /** Versioned machine type, e.g. `pc-q35-7.2`. */
  readonly machine: string;
  readonly cpu: string;
  readonly kernel?: { readonly path: string; readonly initrd?: string; readonly commandLine: string };
  readonly diskPath: string;
  /** Bytes per page, when the VM's memory is in huge pages. */
  readonly hugePageSize?: number;
  /** KVM tells of dirtied pages by ring, as the dirty limit needs. */
  readonly dirtyRing?: boolean;
}

/** Entries per vCPU of KVM's dirty ring: the size that QEMU's own measurements use (tests/migration-stress/guestperf). */
const DIRTY_RING_SIZE = 4096;

/**
 * The versioned machine type that both ends have: the older QEMU's, since a newer one knows it too.
 * @throws MigrascopeError HYPERVISOR_REFUSED when there is none.
 */
export function commonMachine(source: Abilities, destination: Abilities, type = MACHINE): string {
  for (const abilities of [source, destination]) {
    const name = abilities.aliases.get(type) ?? type;
    if (source.machines.has(name) && destination.machines.has(name)) return name;
  }
  throw new MigrascopeError(
    "HYPERVISOR_REFUSED",
    `QEMU ${source.version} (source) and QEMU ${destination.version} (destination) have no common version of machine type ${type}`,
  );
}

/**
 * @param incoming whether it waits for a migration, and then runs at once. Otherwise it is created with its vCPUs
 * stopped, so that somebody listens before anything happens.
 */
export function commandLine(
  definition: Definition,
  role: HostRole,
  host: HostSetup,
  logDirectory: string,
  incoming: boolean,
): string[] {
  const { vm, kernel } = definition;
  const console = join(logDirectory, `console-${role}.log`);
  return [
    definition.binary,
    "-nodefaults",
    "-no-user-config",
    "-no-reboot", // A guest that crashes is a lost VM, not one that boots again in the middle of a measurement.
    ["-display", "none"],
    ["-name", `guest=${escaped(vm.name)}`],
    [
      "-machine",
      definition.hugePageSize === undefined ? definition.machine : `${definition.machine},memory-backend=${MEMORY}`,
    ],
    ["-accel", definition.dirtyRing ? `kvm,dirty-ring-size=${DIRTY_RING_SIZE}` : definition.accelerator],
    ["-cpu", definition.cpu],
    ["-smp", String(vm.vcpus)],
    ["-m", `size=${vm.memory}B`],
    definition.hugePageSize === undefined ? [] : hugePageOptions(vm.memory, definition.hugePageSize),
    ["-rtc", "base=utc"],
    ["-chardev", `file,id=console0,path=${escaped(console)},append=on`],
    ["-serial", "chardev:console0"],
    // Both ends open the same file. The incoming side takes QEMU's locks only when the source has given them up.
    ["-blockdev", `driver=file,node-name=file0,filename=${escaped(definition.diskPath)},cache.direct=off`],
    ["-blockdev", "driver=raw,node-name=disk0,file=file0"],
    ["-device", "virtio-blk-pci,id=blk0,drive=disk0"],
    network(host, vm),
    kernel ? ["-kernel", kernel.path, "-append", kernel.commandLine] : [],
    kernel?.initrd === undefined ? [] : ["-initrd", kernel.initrd],
    incoming ? ["-incoming", "defer"] : ["-S"],
  ].flat();
}

/** An empty romfile: nothing boots from the network, and a ROM would be one more block to migrate. */
const network = (host: HostSetup, vm: VmSpec): string[] =>
  host.tap === undefined
    ? ["-nic", "none"]
    : [
        "-netdev",
        `tap,id=net0,ifname=${escaped(host.tap)},script=no,downscript=no`,
        "-device",
        `virtio-net-pci,id=nic0,netdev=net0,mac=${vm.mac},romfile=`,
      ];

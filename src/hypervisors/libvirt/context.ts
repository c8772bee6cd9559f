/** What the driver is made with, and what its parts share. */
import type { StorageSpec } from "../../model/hosts.ts";
import type { HostRole, VmSpec } from "../../model/machines.ts";
import type { Clock } from "../../model/time.ts";
import type { Abilities } from "./abilities.ts";
import type { LibvirtHost } from "./host.ts";
import type { Virsh } from "./virsh/virsh.ts";

/** What the VM boots from other than its disk: files under the same paths on both hosts. */
export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: string;
  /** The kernel's command line. What it throws is what `powerOn` throws, before anything was started or written. */
  commandLine(vm: VmSpec): string;
}

export interface LibvirtDriverOptions {
  readonly hosts: Readonly<Record<HostRole, LibvirtHost>>;
  /** Where disks can be, by the names that plans use; the first that fits is the default. */
  readonly storages: Readonly<Record<string, StorageSpec>>;
  /** Without it the VM boots from its disk. */
  readonly guest?: GuestFiles;
  /** A disk image on the source that the VM's disk is made from. */
  readonly image?: string;
  /** A domain that exists and is not ours: never destroyed, undefined or changed, and given back as it was. */
  readonly adopt?: string;
  readonly accelerator: "kvm" | "tcg";
  /** What the VM sees: a CPU model of libvirt's and features that are added. */
  readonly cpu?: { readonly model: string; readonly features: readonly string[] };
  readonly clock?: Clock;
}

/** What the parts of the driver share. */
export interface Context {
  readonly options: LibvirtDriverOptions;
  readonly virsh: Readonly<Record<HostRole, Virsh>>;
  readonly clock: Clock;
  readonly cpu: { readonly model: string; readonly features: readonly string[] };
  abilities(role: HostRole): Promise<Abilities>;
}

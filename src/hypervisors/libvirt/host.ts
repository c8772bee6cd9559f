/** A host whose hypervisor is managed by libvirt, and how it is reached from here and from the other host. */
import type { Machine } from "../../remote/machine.ts";

export interface LibvirtHost {
  /** Commands run here, mostly over SSH, as a user who may use `uri`. */
  readonly machine: Machine;
  /** libvirt on the host itself. Default `qemu:///system`. */
  readonly uri?: string;
  /** URI by which the other host's libvirt reaches this one: `qemu+ssh://b/system`. */
  readonly peer: string;
  /** How the other host's scp and rsync reach this one. `host` has an address on the migration network. */
  readonly ssh: { readonly user: string; readonly host: string; readonly port: number };
  /** Addresses on the migration network, on which an incoming migration listens. */
  readonly migrationAddress: { readonly ipv4?: string; readonly ipv6?: string };
  /** What the VM's network interface is plugged into: a bridge, or a tap that exists already. */
  readonly network: { readonly bridge: string } | { readonly tap: string };
}

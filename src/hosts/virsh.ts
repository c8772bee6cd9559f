/** Asking a host's libvirt. */
import { Virsh } from "../hypervisors/libvirt/virsh/virsh.ts";
import type { Machine } from "../remote/machine.ts";

/** The host's own libvirt, for system VMs. */
export const LOCAL_URI = "qemu:///system";

/**
 * Runs one command of virsh. @param uri as seen from the machine.
 * @throws MigrascopeError HYPERVISOR_REFUSED with libvirt's words, COMMAND_FAILED when the host does not answer.
 */
export const virsh = (machine: Machine, args: readonly string[], uri: string = LOCAL_URI): Promise<string> =>
  new Virsh({ machine, uri }).run(args);

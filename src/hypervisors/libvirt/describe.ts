/** A host as the results describe it. */
import type { HostDescription } from "../../model/host.ts";
import type { HostRole } from "../../model/machines.ts";
import type { Machine } from "../../remote/machine.ts";
import { modelName } from "../qemu/describe.ts";
import type { Abilities } from "./abilities.ts";

/** @throws MigrascopeError COMMAND_FAILED when the machine does not answer. */
export async function describeHost(
  role: HostRole,
  machine: Machine,
  abilities: Abilities,
  vm: { accelerator: string; machine: string; cpu: string },
): Promise<HostDescription> {
  const [kernel, cpu] = await Promise.all([machine.run(["uname", "-r"]), machine.run(["cat", "/proc/cpuinfo"])]);
  return {
    role,
    hypervisor: "libvirt",
    version: `${abilities.version} (QEMU ${abilities.qemu})`,
    accelerator: vm.accelerator,
    kernel: kernel.stdout.trim(),
    cpu: `${modelName(cpu.stdout)} (the VM sees ${vm.cpu})`,
    machine: vm.machine,
    dirtyRateCounts: "sync-periods",
  };
}

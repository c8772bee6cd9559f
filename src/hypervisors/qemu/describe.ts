/** A host as the results describe it. */
import type { HostDescription } from "../../model/host.ts";
import type { HostRole } from "../../model/machines.ts";
import type { Machine } from "../../remote/machine.ts";
import type { Abilities } from "./abilities.ts";

/** @throws MigrascopeError COMMAND_FAILED when the machine does not answer. */
export async function describeHost(
  role: HostRole,
  machine: Machine,
  abilities: Abilities,
  vm: { machine: string; cpu: string },
): Promise<HostDescription> {
  const [kernel, cpu] = await Promise.all([machine.run(["uname", "-r"]), machine.run(["cat", "/proc/cpuinfo"])]);
  return {
    role,
    hypervisor: "QEMU",
    version: abilities.version,
    accelerator: abilities.accelerator,
    kernel: kernel.stdout.trim(),
    cpu: `${modelName(cpu.stdout)} (the VM sees ${vm.cpu})`,
    machine: vm.machine,
    dirtyRateCounts: "sync-periods",
  };
}

/** The first CPU's `model name` in `/proc/cpuinfo`. */
export const modelName = (cpuinfo: string): string =>
  /^model name\s*:\s*(.+)$/mu.exec(cpuinfo)?.[1]?.trim() ?? "an unknown CPU";

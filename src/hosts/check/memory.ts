/** Each host has memory for the VM, in huge pages if it asks for them. */
import type { VmSpec } from "../../model/machines.ts";
import { ROLES } from "../machines.ts";
import { type Check, type Finding, failed, ok, warning } from "./finding.ts";

export const memory: Check = {
  name: "memory",
  essential: true,
  needs: ["SSH"],
  run: ({ testbed, hosts }) =>
    Promise.all(
      ROLES.map(async (role) => {
        const { stdout } = await hosts[role].run(["cat", "/proc/meminfo"]);
        return memoryFinding(`memory ${role}`, stdout, testbed.vm);
      }),
    ),
};

const mib = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`;

/** @param meminfo the file of that name in /proc. */
export function memoryFinding(name: string, meminfo: string, vm: Pick<VmSpec, "memory" | "hugePages">): Finding {
  const number = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, "mu").exec(meminfo)?.[1] ?? 0);
  const pageSize = number("Hugepagesize") * 1024;
  if (vm.hugePages) {
    const free = number("HugePages_Free") * pageSize;
    const detail = `${mib(free)} free in huge pages`;
    if (free >= vm.memory) return ok(name, detail);
    const pages = pageSize > 0 ? Math.ceil(vm.memory / pageSize) : 0;
    return failed(
      name,
      `${detail}, ${mib(vm.memory)} needed`,
      `sysctl vm.nr_hugepages=${pages}, or vm.hugePages: false`,
    );
  }
  const available = number("MemAvailable") * 1024;
  const detail = `${mib(available)} available`;
  if (available >= vm.memory) return ok(name, detail);
  return warning(name, `${detail}, the VM has ${mib(vm.memory)}: the host may swap, or end it`, "a smaller vm.memory");
}

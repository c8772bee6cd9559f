/** A VM's memory in the host's huge pages (Documentation/admin-guide/mm/hugetlbpage.rst of Linux). */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { Machine } from "../../remote/machine.ts";
import type { Instance } from "./instance.ts";

/** The memory's name in QEMU. */
export const MEMORY = "ram0";

/** Free pages of each size in bytes, from `grep -r . /sys/kernel/mm/hugepages`. */
export function freePages(listing: string): Map<number, number> {
  const free = new Map<number, number>();
  for (const [, kib, count] of listing.matchAll(/hugepages-(\d+)kB\/free_hugepages:(\d+)/gu)) {
    free.set(Number(kib) * 1024, Number(count));
  }
  return free;
}

/**
 * The page size for a VM's memory: the smallest of which the host has enough free, or the one that is wanted.
 * @param wanted the size that the other end has: both must be the same.
 * @throws MigrascopeError SETTING_UNSUPPORTED when there are not enough; COMMAND_FAILED.
 */
export async function hugePageSize(machine: Machine, role: HostRole, memory: number, wanted?: number): Promise<number> {
  const argv = ["grep", "-rs", "--include=free_hugepages", ".", "/sys/kernel/mm/hugepages"];
  const { stdout } = await machine.run(argv).catch((error: unknown) => {
    // No such files: a kernel without huge pages.
    if (error instanceof MigrascopeError && error.exitCode !== undefined) return { stdout: "" };
    throw error;
  });
  return chosenSize(freePages(stdout), role, memory, wanted);
}

/** Pure. @throws MigrascopeError SETTING_UNSUPPORTED with what the host has and what it needs. */
export function chosenSize(free: ReadonlyMap<number, number>, role: HostRole, memory: number, wanted?: number): number {
  const sizes = [...free].filter(([size]) => wanted === undefined || size === wanted).sort(([a], [b]) => a - b);
  const enough = sizes.find(([size, count]) => memory % size === 0 && count * size >= memory);
  if (enough) return enough[0];
  const smallest = sizes[0];
  const words =
    smallest === undefined
      ? "its kernel offers none of the size that is needed"
      : `the VM's ${memory / 2 ** 20} MiB need ${Math.ceil(memory / smallest[0])} pages of ${smallest[0] / 1024} KiB, and ` +
        `${smallest[1]} are free: raise vm.nr_hugepages`;
  throw new MigrascopeError("SETTING_UNSUPPORTED", `hugePages: the host has too few free huge pages: ${words}`, {
    where: role,
  });
}

/** QEMU's command line for it. Pages are reserved when QEMU starts: a VM that runs does not lack one later. */
export const hugePageOptions = (memory: number, pageSize: number): string[] => [
  "-object",
  `memory-backend-memfd,id=${MEMORY},size=${memory}B,hugetlb=on,hugetlbsize=${pageSize}B`,
];

/** Whether a running QEMU has the VM's memory in huge pages, asked of itself. */
export async function readHugePages(instance: Instance, asked: boolean): Promise<EffectiveSetting[]> {
  if (!asked) return [];
  const path = `/objects/${MEMORY}`;
  const hugetlb = await instance.qmp.execute("qom-get", { path, property: "hugetlb" });
  return [
    {
      name: "hugePages",
      native: "memory-backend-memfd.hugetlb",
      host: instance.role,
      asked,
      effective: hugetlb === true,
    },
  ];
}

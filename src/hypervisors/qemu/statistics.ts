/** Memory and disk of a running VM, from the hypervisor's view. */
import type { StatisticsSample } from "../../model/host.ts";
import type { Clock } from "../../model/time.ts";
import type { Machine } from "../../remote/machine.ts";
import type { Instance } from "./instance.ts";
import { isObject, type Json } from "./qmp/messages.ts";

/**
 * Bytes. memory.configured: what QEMU gave the VM (base and hot-plugged). memory.allocated: see `residentGuestMemory`.
 * disk.virtualSize: as the guest sees it; disk.allocatedBlocks: what the image takes on the host's file system
 * (st_blocks × 512, read by QEMU). Memory used inside the guest is not known from here.
 */
export async function statistics(instance: Instance, machine: Machine, clock: Clock): Promise<StatisticsSample> {
  const [memory, blocks, mappings] = await Promise.all([
    instance.qmp.execute("query-memory-size-summary"),
    instance.qmp.execute("query-block"),
    machine.run(["cat", `/proc/${instance.pid}/smaps`]),
  ]);
  const allocated = residentGuestMemory(mappings.stdout);
  const configured = isObject(memory)
    ? Number(memory["base-memory"]) + Number(memory["plugged-memory"] ?? 0)
    : undefined;
  return {
    at: clock(),
    source: "hypervisor",
    memory: { ...(configured !== undefined && { configured }), ...(allocated !== undefined && { allocated }) },
    disk: diskIn(blocks),
  };
}

/** Sums the images of all disks. */
function diskIn(blocks: Json): StatisticsSample["disk"] {
  let virtualSize = 0;
  let allocatedBlocks = 0;
  let found = false;
  for (const block of Array.isArray(blocks) ? (blocks as readonly Json[]) : []) {
    const image = isObject(block) && isObject(block.inserted) ? block.inserted.image : undefined;
    if (!isObject(image)) continue;
    found = true;
    virtualSize += Number(image["virtual-size"] ?? 0);
    allocatedBlocks += Number(image["actual-size"] ?? 0);
  }
  return found ? { virtualSize, allocatedBlocks } : {};
}

const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) /u;
/** Firmware, option ROMs and the ACPI tables' room (2 MiB at most each) are guest RAM blocks too, but none of the VM's memory. Bytes. */
const LARGEST_ROM = 2 * 2 ** 20;

/** Pages that are there: ordinary ones, and huge ones, which the kernel leaves out of Rss. */
const RESIDENT = /^(Rss|Shared_Hugetlb|Private_Hugetlb):/u;

/**
 * Resident guest memory in bytes, from `/proc/PID/smaps`: the sum of Rss and of huge pages over the mappings with flag `dc` (not copied on
 * fork), which QEMU sets on guest RAM blocks and on nothing else. Blocks as small as ROMs are left out, and so are QEMU's
 * own heap, stacks, libraries and TCG's translation cache. A page that was only ever read maps the shared zero page and
 * does not count. `undefined`: no such mapping.
 */
export function residentGuestMemory(smaps: string): number | undefined {
  let rss = 0;
  let size = 0;
  let total: number | undefined;
  for (const line of smaps.split("\n")) {
    const [, from, to] = MAPPING.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      rss = 0;
      size = Number(BigInt(`0x${to}`) - BigInt(`0x${from}`));
    } else if (size <= LARGEST_ROM) continue;
    else if (RESIDENT.test(line)) rss += Number.parseInt(line.slice(line.indexOf(":") + 1), 10) * 1024;
    else if (line.startsWith("VmFlags:") && line.split(/\s+/u).includes("dc")) total = (total ?? 0) + rss;
  }
  return total;
}

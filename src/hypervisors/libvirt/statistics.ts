/** Memory and disk of a running VM, from libvirt's view. */
import type { StatisticsSample } from "../../model/host.ts";
import type { Clock } from "../../model/time.ts";
import { known } from "../known.ts";
import { residentGuestMemory } from "../qemu/statistics.ts";
import { processFile } from "./definition.ts";
import type { Virsh } from "./virsh/virsh.ts";

/**
 * Bytes. memory.configured: what the VM was given (balloon.maximum); memory.allocated: the guest's memory that is resident on
 * the host, as of the driver qemu (libvirt's balloon.rss is all of QEMU's process); memory.used: as the guest's balloon driver
 * says, without page cache (available − usable). disk.virtualSize: as QEMU sees the image; its blocks are counted by whoever
 * sees the whole chain of images.
 *
 * While a migration runs nobody asks for the disk. QEMU answers with the blocks that the image takes, and asks the storage for
 * them with its main loop standing still, and an emulated VM with it: measured with QEMU 7.2 and its NFS client, 3.9 s while
 * the NFS server was busy with the copy of a disk.
 */
export async function statistics(
  virsh: Virsh,
  domain: string,
  clock: Clock,
  options: { readonly migrating: boolean },
): Promise<StatisticsSample> {
  const [answer, mappings] = await Promise.all([
    virsh.run(["domstats", domain, "--raw", "--balloon", ...(options.migrating ? [] : ["--block"]), "--nowait"]),
    virsh.machine.run(["sh", "-c", 'cat "/proc/$(cat "$1")/smaps"', "sh", processFile(domain)]).catch(() => undefined),
  ]);
  const { memory, disk } = statisticsIn(answer);
  // Not everybody who may use libvirt may look into its processes.
  const allocated = mappings && residentGuestMemory(mappings.stdout);
  return {
    at: clock(),
    source: "hypervisor",
    memory: { ...memory, ...(allocated !== undefined && { allocated }) },
    disk,
  };
}

/** Reads the answer to `domstats --raw`: `field=value` lines; memory in KiB, disks in bytes. */
export function statisticsIn(text: string): Pick<StatisticsSample, "memory" | "disk"> {
  const fields = new Map(
    [...text.matchAll(/^\s*([\w.-]+)=(\d+)\s*$/gmu)].map(([, name, value]) => [name!, Number(value)]),
  );
  const kib = (name: string): number | undefined => (fields.has(name) ? fields.get(name)! * 1024 : undefined);
  const [available, usable] = [kib("balloon.available"), kib("balloon.usable")];
  const disks = Array.from({ length: fields.get("block.count") ?? 0 }, (_, index) => index);
  const sum = (name: string): number | undefined => {
    const values = disks.map((index) => fields.get(`block.${index}.${name}`)).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
  };
  return {
    memory: known({
      configured: kib("balloon.maximum"),
      used: available === undefined || usable === undefined ? undefined : available - usable,
    }),
    disk: known({ virtualSize: sum("capacity") }),
  };
}

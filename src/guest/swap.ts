/** Swap of the lab's guest: a file on its disk, written whole when it boots. */
import { MigrascopeError } from "../model/errors.ts";
import type { VmSpec } from "../model/machines.ts";

/** mkswap(8) wants ten pages. */
const LEAST = 64 * 2 ** 10;
/** The guest's kernel swaps by pages: what is beyond the last whole one would not be used. */
const PAGE = 4096;

/**
 * Bytes of the disk that swap cannot have: the file system's own, the map of the file's blocks (1/256 of it when blocks are
 * of 1 KiB, as on small disks), and a little that is left for data.
 */
const keptFree = (disk: number): number => disk / 64 + 4 * 2 ** 20;

/** The largest swap that fits on the VM's disk, bytes; 0: none does. */
export const mostSwap = (disk: number): number => Math.max(0, Math.floor((disk - keptFree(disk)) / PAGE) * PAGE);

const mebibytes = (bytes: number): string => `${Number((bytes / 2 ** 20).toFixed(3))} MiB`;

/** @throws MigrascopeError CONFIG_INVALID when the VM's swap does not fit on its disk, or is none that Linux would take. */
export function requireSwapFits({ name, disk, swap }: Pick<VmSpec, "name" | "disk" | "swap">): void {
  if (swap === 0) return;
  const refuse = (why: string): never => {
    throw new MigrascopeError("CONFIG_INVALID", `swap of ${mebibytes(swap)}: ${why}`, { where: `vm ${name}` });
  };
  if (swap < LEAST) refuse(`the least that Linux takes is ${LEAST / 2 ** 10} KiB; leave it out for none`);
  if (swap % PAGE !== 0) refuse(`it has to be a whole number of pages of ${PAGE} bytes`);
  if (swap > mostSwap(disk)) {
    refuse(
      `it is a file on the VM's disk, and on a disk of ${mebibytes(disk)} at most ${mebibytes(mostSwap(disk))} fit`,
    );
  }
}

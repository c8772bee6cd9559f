/** The VM's disk, and its start. */
import { open, rm } from "node:fs/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { Instance } from "./instance.ts";

/**
 * A raw sparse file of `size` bytes. Made anew when `fresh`: then no trial sees what an earlier one wrote. Otherwise an
 * existing file keeps its content.
 * @throws MigrascopeError FILE_UNWRITABLE
 */
export async function makeDisk(path: string, size: number, fresh: boolean): Promise<void> {
  try {
    if (fresh) await rm(path, { force: true });
    await using file = await open(path, "a+");
    await file.truncate(size);
  } catch (error) {
    throw new MigrascopeError("FILE_UNWRITABLE", `cannot make the disk: ${(error as Error).message}`, {
      where: path,
      cause: error,
    });
  }
}

/** Lets the vCPUs run. @throws MigrascopeError HYPERVISOR_REFUSED when they do not. */
export async function run(instance: Instance, signal?: AbortSignal): Promise<void> {
  await instance.qmp.execute("cont", {}, signal ? { signal } : {});
  if (await instance.isRunning()) return;
  throw new MigrascopeError("HYPERVISOR_REFUSED", `QEMU was told to run the VM but does not: ${instance.logTail()}`, {
    where: instance.role,
  });
}

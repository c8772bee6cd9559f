/** Migrascope's own guest on the hosts: kernel and initramfs under the same path on both. */
import { basename, join } from "node:path";
import type { GuestImage } from "../guest/image.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { HostRole } from "../model/machines.ts";
import { deliverFile } from "../remote/deliver.ts";
import type { Machine } from "../remote/machine.ts";
import { perHostAsync } from "./machines.ts";

/** The first that can be written to on both hosts. Libvirt's QEMUs may read both; one that is no root cannot read homes. */
const PLACES = ["/var/lib/libvirt/migrascope", "/var/tmp/migrascope"];

export interface GuestFiles {
  readonly kernel: string;
  readonly initrd: string;
}

/**
 * Copies what is not there yet; it stays, for the next run.
 * @throws MigrascopeError TESTBED_UNFIT without a place for it, COMMAND_FAILED.
 */
export async function deliverGuest(
  machines: Readonly<Record<HostRole, Machine>>,
  image: GuestImage,
  signal?: AbortSignal,
): Promise<GuestFiles> {
  const place = await commonPlace(machines);
  const directory = join(place, image.hash.slice(0, 16));
  const files = { kernel: join(directory, basename(image.kernel)), initrd: join(directory, basename(image.initrd)) };
  await perHostAsync(async (role) => {
    for (const which of ["kernel", "initrd"] as const)
      await deliverFile(machines[role], image[which], files[which], signal ? { signal } : {});
  });
  return files;
}

/** Arguments: directory. Its parent must be there already: nothing is mounted under a path that we made up. */
const WRITABLE = 'mkdir -p -m 755 "$1" 2>/dev/null && [ -w "$1" ]';

async function commonPlace(machines: Readonly<Record<HostRole, Machine>>): Promise<string> {
  for (const place of PLACES) {
    const able = await perHostAsync((role) =>
      machines[role].run(["sh", "-c", WRITABLE, "sh", place]).then(
        () => true,
        () => false,
      ),
    );
    if (able.source && able.destination) return place;
  }
  throw new MigrascopeError("TESTBED_UNFIT", `none of ${PLACES.join(", ")} can be written to on both hosts`);
}

/**
 * An old copy of the running VM's disk at the destination, of which a later migration sends only what has changed since (the
 * paper's delta migration). libvirt's `--copy-storage-inc` copies the top image of a chain and expects the images below it to
 * be at the destination. So the VM's disk becomes the lower image, which nobody writes to any more and which is copied, and
 * the guest writes to an image above it from then on.
 */
import { MigrascopeError } from "../../../model/errors.ts";
import type { LibvirtHost } from "../host.ts";
import type { Virsh } from "../virsh/virsh.ts";
import { TARGET } from "./disk-xml.ts";
import { type Image, imageInfo, imageOn, makeImage, removeImage, requireSpace } from "./images.ts";
import { transfer } from "./transfer.ts";

export interface OldCopyRequest {
  readonly domain: string;
  /** Where the VM runs, and where the copy goes. */
  readonly from: Virsh;
  readonly to: Virsh;
  /** How the one reaches the other. */
  readonly ssh: LibvirtHost["ssh"];
  readonly image: Image;
  readonly signal: AbortSignal;
}

/** What the guest writes to from now on. `bytes` that the copy takes. */
export interface OldCopy {
  readonly top: Image;
  readonly bytes: number;
}

/**
 * @param layered is told of the image above as soon as the guest writes to it, whatever happens to the copy afterwards.
 * @throws MigrascopeError HYPERVISOR_REFUSED, COMMAND_FAILED, TESTBED_UNFIT, CANCELLED. A half copy is removed.
 */
export async function makeOldCopy(request: OldCopyRequest, layered: (top: Image) => void): Promise<OldCopy> {
  const { domain, from, to, ssh, image, signal } = request;
  const info = await imageInfo(from.machine, image.location);
  if (!info) throw new MigrascopeError("HYPERVISOR_REFUSED", `there is no image ${image.location} to copy`);
  await requireSpace(to.machine, image, info.allocated ?? image.size, "an old copy of the disk");
  const top = topOf(image);
  await removeImage(from.machine, top);
  const disk = `${TARGET},snapshot=external,file=${top.location}`;
  await from.run(["snapshot-create-as", domain, "--disk-only", "--no-metadata", "--atomic", "--diskspec", disk], {
    timeout: 60,
    signal,
  });
  layered(top);
  try {
    const copy = { from: from.machine, to: to.machine, ssh, copy: "rsync", path: image.location } as const;
    await transfer(copy, signal);
    return { top, bytes: (await imageInfo(to.machine, image.location))?.allocated ?? 0 };
  } catch (error) {
    await removeImage(to.machine, image).catch(() => {});
    throw error;
  }
}

/** The image above: the destination's must be called alike. */
const topOf = (image: Image): Image => {
  const name = image.location
    .split("/")
    .at(-1)!
    .replace(/\.[^.]+$/u, "");
  return { ...imageOn(image.spec, `${name}-since`, "qcow2", image.size), backing: image };
};

/**
 * Makes the empty image that a migration fills at the destination; above an old copy when the VM's image is above one.
 * @throws MigrascopeError HYPERVISOR_REFUSED when the old copy is not there, COMMAND_FAILED, CANCELLED.
 */
export async function makeEmptyLike(to: Virsh, image: Image, signal: AbortSignal): Promise<void> {
  if (image.backing && !(await imageInfo(to.machine, image.backing.location)))
    throw new MigrascopeError("HYPERVISOR_REFUSED", `the old copy ${image.backing.location} is not there`, {
      where: to.machine.name,
    });
  await makeImage(to.machine, image, "sparse", signal);
}

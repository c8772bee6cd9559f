/** An image as the disk of a domain. */

import { type Xml, xml } from "../virsh/xml.ts";
import { type Image, portalOf } from "./images.ts";

/** The VM's only disk. */
export const TARGET = "vda";

/**
 * `cache='none'`: QEMU bypasses the host's page cache, which libvirt requires for a migration on storage that both hosts see, and
 * without which a cold copy could miss what the cache still held. `discard='unmap'`: blocks that the guest discards are given
 * back, as they are on a VM that virt-install made. `detect_zeroes` is left at its default, off: with it a migration would
 * punch holes that it had not found, and one could not see what travelled.
 */
export function diskXml(image: Image): Xml {
  const type = image.spec.kind === "directory" ? "file" : "network";
  return xml`<disk type='${type}' device='disk'><driver name='qemu' type='${image.format}' cache='none' discard='unmap'/>${sourceXml(image)}<target dev='${TARGET}' bus='virtio'/></disk>`;
}

function sourceXml(image: Image): Xml {
  const { spec, location, size } = image;
  if (spec.kind === "directory") return xml`<source file='${location}'/>`;
  if (spec.kind === "nfs") {
    const path = location.replace(/^nfs:\/\/[^/]+/u, "");
    return xml`<source protocol='nfs' name='${path}'><host name='${spec.server}'/></source>`;
  }
  const { host, port } = portalOf(spec.portal);
  // A LUN may be larger than the VM's disk: the VM gets its first bytes.
  return xml`<source protocol='iscsi' name='${spec.target}/${spec.lun}'><host name='${host}' port='${port}'/><slices><slice type='storage' offset='0' size='${size}'/></slices></source>`;
}

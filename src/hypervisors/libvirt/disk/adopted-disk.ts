/** The disk of a VM that is not ours: measured, and copied by a storage migration, but never made, layered or removed. */
import { MigrascopeError } from "../../../model/errors.ts";
import type { StatisticsSample } from "../../../model/host.ts";
import { type HostRole, other } from "../../../model/machines.ts";
import type { MigrationKind } from "../../../model/movement.ts";
import type { Context } from "../context.ts";
import { attribute, children, descend, readXml } from "../virsh/xml.ts";
import { type Image, imageInfo, imageStatistics, makeImage, removeImage, requireSpace } from "./images.ts";
import type { VmDisk } from "./vm-disk.ts";

/** The only disk of a domain, when it is a file; its size is asked for later. */
export function fileDiskIn(
  definition: string,
): { readonly path: string; readonly format: Image["format"] } | undefined {
  const disks = children(descend(readXml(definition), "domain", "devices"), "disk").filter(
    (disk) => (attribute(disk, "device") ?? "disk") === "disk",
  );
  const path = attribute(descend(disks[0], "source"), "file");
  const format = attribute(descend(disks[0], "driver"), "type");
  if (disks.length !== 1 || path === undefined || (format !== "raw" && format !== "qcow2")) return undefined;
  return { path, format };
}

export class AdoptedDisk implements VmDisk {
  readonly #context: Context;
  readonly #domain: string;
  readonly #image: Image | undefined;
  /** Images that we made, for the VM to move to. */
  readonly #made = new Set<HostRole>();

  private constructor(context: Context, domain: string, image: Image | undefined) {
    this.#context = context;
    this.#domain = domain;
    this.#image = image;
  }

  /** @param definition of the domain on the host. */
  static async of(context: Context, domain: string, host: HostRole, definition: string): Promise<AdoptedDisk> {
    const file = fileDiskIn(definition);
    const info = file && (await imageInfo(context.virsh[host].machine, file.path));
    if (!file || !info) return new AdoptedDisk(context, domain, undefined);
    const spec = { kind: "directory", path: file.path.replace(/\/[^/]*$/u, "") || "/", shared: false } as const;
    return new AdoptedDisk(context, domain, { spec, format: file.format, location: file.path, size: info.virtualSize });
  }

  async prepareDestination(to: HostRole, signal: AbortSignal): Promise<void> {
    const image = this.#image;
    if (!image) throw this.#cannot("its disk is not a single file of format raw or qcow2");
    const { machine } = this.#context.virsh[to];
    // On its way back the VM finds the file that it came from, which is its own.
    if (to !== "source" && !this.#made.has(to) && (await imageInfo(machine, image.location)))
      throw new MigrascopeError(
        "HYPERVISOR_REFUSED",
        `${image.location} is there already: a storage migration would overwrite what is not ours`,
        { where: to },
      );
    const now = await imageInfo(this.#context.virsh[other(to)].machine, image.location);
    await requireSpace(machine, image, now?.allocated ?? image.size, "the VM's disk");
    await makeImage(machine, image, "sparse", signal);
    this.#made.add(to);
  }

  makeOldCopy(): Promise<number> {
    throw this.#cannot("an old copy of its disk needs a layer above it");
  }

  copyToShared(): Promise<void> {
    throw this.#cannot("its disk would be elsewhere afterwards");
  }

  coldFile(): undefined {
    throw this.#cannot("it would be shut down");
  }

  async settled(on: HostRole, from: HostRole, kind: MigrationKind): Promise<void> {
    // What is still there at the end is removed then, or told.
    if (on === from && kind === "storage") await this.#removeMade(other(from)).catch(() => {});
  }

  async statistics(host: HostRole): Promise<StatisticsSample | null> {
    const { virsh, clock } = this.#context;
    return this.#image ? await imageStatistics(virsh[host].machine, this.#image, clock) : null;
  }

  async remove(): Promise<void> {
    await this.#removeMade("destination");
  }

  async #removeMade(host: HostRole): Promise<void> {
    if (!this.#image || !this.#made.has(host) || host === "source") return;
    await removeImage(this.#context.virsh[host].machine, this.#image);
    this.#made.delete(host);
  }

  #cannot = (why: string): MigrascopeError =>
    new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `the VM "${this.#domain}" is adopted and is to be given back as it was: ${why}; use a VM that Migrascope makes`,
    );
}

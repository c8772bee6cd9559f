/** The VM's disk through one pass: where its image is, and what each kind of migration does to it. */
import type { StatisticsSample } from "../../../model/host.ts";
import type { StorageSpec } from "../../../model/hosts.ts";
import { type HostRole, other } from "../../../model/machines.ts";
import type { MigrationKind } from "../../../model/movement.ts";
import type { MigrationRequest, PowerOnRequest } from "../../contract.ts";
import type { Context } from "../context.ts";
import { patiently } from "../patience.ts";
import type { Xml } from "../virsh/xml.ts";
import type { MigrationWatch } from "../watch.ts";
import type { ColdFile } from "./cold-file.ts";
import { copyDisk, diskState } from "./disk-copy.ts";
import { diskXml } from "./disk-xml.ts";
import {
  type Image,
  imageInfo,
  imageOn,
  imageStatistics,
  makeImage,
  makeImageFrom,
  removeImage,
  requireSpace,
} from "./images.ts";
import { makeEmptyLike, makeOldCopy } from "./old-copy.ts";
import { isShared, sharedTargetFor, storageFor } from "./storage.ts";
import type { VmDisk } from "./vm-disk.ts";

const ROLES = ["source", "destination"] as const;

/** Images are made anew and removed without a question: under this name there is nobody else's. */
const ownImage = (spec: StorageSpec, { vm, disk }: Pick<PowerOnRequest, "vm" | "disk">): Image =>
  imageOn(spec, `migrascope-${vm.name}`, disk.format, vm.disk);

export class Disk implements VmDisk {
  /** On every host that has one it lies in the same place. */
  image: Image;
  readonly #context: Context;
  readonly #request: PowerOnRequest;
  /** Images that were not to be removed while the VM runs, or could not be. */
  readonly #left: Image[] = [];

  /** @throws MigrascopeError CONFIG_INVALID or SETTING_UNSUPPORTED when the testbed has no place for such a disk. */
  constructor(context: Context, request: PowerOnRequest) {
    this.#context = context;
    this.#request = request;
    const { spec } = storageFor(request.disk, request.kind, context.options.storages);
    this.image = ownImage(spec, request);
  }

  get isShared(): boolean {
    return isShared(this.image.spec);
  }

  /** Made anew on the host: nothing of an earlier trial is left. @throws MigrascopeError see makeImage. */
  async make(host: HostRole, signal: AbortSignal): Promise<void> {
    const { image: content } = this.#context.options;
    const { allocation } = this.#request.disk;
    const machine = this.#machine(host);
    if (content === undefined) await makeImage(machine, this.image, allocation, signal);
    else await makeImageFrom(machine, this.image, content, allocation, signal);
  }

  xml(): Xml {
    return diskXml(this.image);
  }

  /**
   * An empty image at the destination: libvirt makes none but in its pools. It is sparse whatever the source's is, as libvirt
   * would make it: what it takes afterwards is what has travelled.
   * @throws MigrascopeError TESTBED_UNFIT when there is no room for it; see makeEmptyLike.
   */
  async prepareDestination(to: HostRole, signal: AbortSignal): Promise<void> {
    const now = await imageInfo(this.#machine(other(to)), this.image.location);
    await requireSpace(this.#machine(to), this.image, now?.allocated ?? this.image.size, "the VM's disk");
    await makeEmptyLike(this.#context.virsh[to], this.image, signal);
  }

  /** @returns bytes that the copy takes. @throws MigrascopeError see makeOldCopy. */
  async makeOldCopy(from: HostRole, signal: AbortSignal): Promise<number> {
    const { virsh, options } = this.#context;
    const to = other(from);
    const request = {
      domain: this.#request.vm.name,
      from: virsh[from],
      to: virsh[to],
      ssh: options.hosts[to].ssh,
      image: this.image,
      signal,
    };
    const { bytes } = await makeOldCopy(request, (top) => {
      this.image = top;
    });
    return bytes;
  }

  /**
   * The running VM's disk to a storage that both hosts see; it is there from then on.
   * @throws MigrascopeError when it could not be: the VM goes on where its disk was.
   */
  async copyToShared(from: HostRole, watch: MigrationWatch, { observer, signal }: MigrationRequest): Promise<void> {
    const { options, virsh, clock } = this.#context;
    if (this.isShared) return; // On its way back the VM's disk is where both see it already.
    const { spec } = sharedTargetFor(this.#request.disk, options.storages);
    const target = ownImage(spec, this.#request);
    await makeImage(this.#machine(from), target, "sparse", signal);
    watch.commanded();
    watch.partBegan("disk-copy");
    const copying = copyDisk({
      virsh: virsh[from],
      domain: this.#request.vm.name,
      target,
      clock,
      progress: (progress) => observer.progress(progress),
      signal,
    });
    await copying.catch(async (error: unknown) => {
      if (!(await this.#movedAllTheSame(from, target))) throw error;
    });
    watch.partEnded("disk-copy");
    const before = this.image;
    this.image = target;
    await this.#drop(from, before);
  }

  /**
   * After a copy that failed: whether the VM's disk is the target, where only libvirt's answer was lost. Otherwise the target
   * goes, but not before the VM when it could be writing to it.
   */
  async #movedAllTheSame(from: HostRole, target: Image): Promise<boolean> {
    const virsh = this.#context.virsh[from];
    const state = await patiently(() => virsh.run(["dumpxml", this.#request.vm.name])).then(
      (definition) => diskState(definition, target),
      () => "not known" as const,
    );
    if (state === "free") await this.#drop(from, target);
    else if (state !== "used") this.#left.push(target);
    return state === "used";
  }

  /** What cannot be removed now is removed with the VM. */
  async #drop(host: HostRole, image: Image): Promise<void> {
    await removeImage(this.#machine(host), image).catch(() => void this.#left.push(image));
  }

  /** What a cold migration copies; nothing when both hosts see the disk. */
  coldFile({ from, settings, cold }: MigrationRequest): ColdFile | undefined {
    if (this.isShared) return undefined;
    const to = other(from);
    return {
      image: this.image,
      from: this.#machine(from),
      to: this.#machine(to),
      ssh: this.#context.options.hosts[to].ssh,
      ...(settings.family !== undefined && { family: settings.family }),
      options: cold,
    };
  }

  /** After a migration: what a failed one has left where the VM is not, is removed. */
  async settled(on: HostRole, from: HostRole, kind: MigrationKind): Promise<void> {
    if (on !== from || this.isShared || kind === "memory") return;
    await removeImage(this.#machine(other(from)), this.image).catch(() => {});
  }

  async statistics(host: HostRole): Promise<StatisticsSample | null> {
    return await imageStatistics(this.#machine(host), this.image, this.#context.clock);
  }

  /** Everywhere. @throws MigrascopeError COMMAND_FAILED when a host does not answer. */
  async remove(): Promise<void> {
    for (const top of [this.image, ...this.#left])
      for (let image: Image | undefined = top; image; image = image.backing)
        for (const host of isShared(image.spec) ? (["source"] as const) : ROLES)
          await removeImage(this.#machine(host), image);
  }

  #machine = (role: HostRole) => this.#context.virsh[role].machine;
}

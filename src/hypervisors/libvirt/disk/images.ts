/** A disk image on a storage, as qemu-img(1) sees it: made, measured, removed. */
import { isIPv6 } from "node:net";
import { MigrascopeError } from "../../../model/errors.ts";
import type { StatisticsSample } from "../../../model/host.ts";
import type { StorageSpec } from "../../../model/hosts.ts";
import type { DiskOptions } from "../../../model/movement.ts";
import type { Clock } from "../../../model/time.ts";
import type { Machine } from "../../../remote/machine.ts";
import { runStoppable } from "./stoppable.ts";

export type ImageFormat = DiskOptions["format"];

export interface Image {
  readonly spec: StorageSpec;
  readonly format: ImageFormat;
  /** Path on the host, or the URL by which QEMU's own client reaches it. */
  readonly location: string;
  /** What the guest sees, bytes. */
  readonly size: number;
  /** What is read where this image holds nothing. */
  readonly backing?: Image;
}

/** @param name of the file, without what says its format; a LUN has none. */
export function imageOn(spec: StorageSpec, name: string, format: ImageFormat, size: number): Image {
  return { spec, format, size, location: locationOf(spec, `${name}.${format}`) };
}

function locationOf(spec: StorageSpec, file: string): string {
  if (spec.kind === "directory") return `${spec.path.replace(/\/+$/u, "")}/${file}`;
  if (spec.kind === "nfs") return `nfs://${inUrl(spec.server)}${spec.export.replace(/\/+$/u, "")}/${file}`;
  const { host, port } = portalOf(spec.portal);
  return `iscsi://${inUrl(host)}:${port}/${spec.target}/${spec.lun}`;
}

const inUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

const ISCSI_PORT = 3260;

/** `address`, `address:port`, an IPv6 address as it is or, with a port, in brackets. */
export function portalOf(portal: string): { readonly host: string; readonly port: number } {
  if (isIPv6(portal)) return { host: portal, port: ISCSI_PORT };
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/u.exec(portal) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw new MigrascopeError("CONFIG_INVALID", `"${portal}" is no portal: write address or address:port`);
  return { host, port: port === undefined ? ISCSI_PORT : Number(port) };
}

/**
 * Makes it empty: nothing of an earlier trial is left in it. `preallocated`: all its blocks are written with zeroes, which is
 * what most tools that preallocate leave behind; blocks that are only reserved (fallocate) would be told to QEMU as holes.
 * @throws MigrascopeError COMMAND_FAILED, CANCELLED; CONFIG_INVALID for a LUN that is too small.
 */
export async function makeImage(
  machine: Machine,
  image: Image,
  allocation: DiskOptions["allocation"],
  signal: AbortSignal,
): Promise<void> {
  if (image.spec.kind === "iscsi") {
    await requireLun(machine, image);
    await writeZeroes(machine, image, ["-z", "-u"], signal);
    return;
  }
  await removeImage(machine, image);
  const local = image.spec.kind === "directory";
  const options = local && allocation === "preallocated" ? ["-o", "preallocation=full"] : [];
  const backing = image.backing ? ["-b", image.backing.location, "-F", image.backing.format] : [];
  const create = ["qemu-img", "create", "-q", "-f", image.format, ...options, ...backing];
  await runStoppable(machine, [...create, image.location, String(image.size)], signal);
  // QEMU's NFS client cannot preallocate.
  if (!local && allocation === "preallocated") await writeZeroes(machine, image, ["-P", "0"], signal);
}

/**
 * Makes it with the content of another image on the same host, whatever its format.
 * @throws MigrascopeError as `makeImage`; CONFIG_INVALID when the content is larger than the disk.
 */
export async function makeImageFrom(
  machine: Machine,
  image: Image,
  from: string,
  allocation: DiskOptions["allocation"],
  signal: AbortSignal,
): Promise<void> {
  const content = await imageInfo(machine, from);
  if (!content) throw new MigrascopeError("CONFIG_INVALID", `there is no image ${from}`, { where: machine.name });
  if (content.virtualSize > image.size)
    throw new MigrascopeError(
      "CONFIG_INVALID",
      `${from} is a disk of ${content.virtualSize} bytes: a VM with a disk of ${image.size} bytes cannot be made from it`,
      { where: machine.name },
    );
  await makeImage(machine, image, allocation, signal);
  // What is there already reads as zeroes: holes of the content stay holes, or stay allocated when they were to be.
  const convert = ["qemu-img", "convert", "-n", "--target-is-zero", "-O", image.format];
  await runStoppable(machine, [...convert, from, image.location], signal);
}

/** One request of qemu-io at most. Bytes. */
const REQUEST = 64 * 2 ** 20;

/** Over the VM's whole disk. On a LUN (`-z -u`) the array may take the blocks back, where it can. */
async function writeZeroes(machine: Machine, image: Image, how: readonly string[], signal: AbortSignal): Promise<void> {
  const requests: string[] = [];
  for (let at = 0; at < image.size; at += REQUEST)
    requests.push("-c", `write -q ${how.join(" ")} ${at} ${Math.min(REQUEST, image.size - at)}`);
  await runStoppable(machine, ["qemu-io", "-f", image.format, ...requests, image.location], signal);
}

async function requireLun(machine: Machine, image: Image): Promise<void> {
  const lun = await imageInfo(machine, image.location);
  if (!lun) throw new MigrascopeError("CONFIG_INVALID", `there is no LUN ${image.location}`, { where: machine.name });
  if (lun.virtualSize >= image.size) return;
  throw new MigrascopeError(
    "CONFIG_INVALID",
    `${image.location} has ${lun.virtualSize} bytes: ${image.size - lun.virtualSize} too few for the VM's disk`,
    { where: machine.name },
  );
}

/**
 * Never fails because there is none. What QEMU's own clients cannot remove is emptied: a file on NFS to no bytes; a LUN is left.
 * Its backing image is not touched.
 */
export async function removeImage(machine: Machine, { spec, location }: Image): Promise<void> {
  if (spec.kind === "directory") await machine.run(["rm", "-f", "--", location]);
  if (spec.kind !== "nfs") return;
  if (await imageInfo(machine, location)) await machine.run(["qemu-img", "create", "-q", "-f", "raw", location, "0"]);
}

export interface ImageInfo {
  readonly virtualSize: number;
  /** Bytes that it takes, with its backing images. Absent: the storage does not say. */
  readonly allocated?: number;
}

/** @returns `null` when there is none. @throws MigrascopeError COMMAND_FAILED */
export async function imageInfo(machine: Machine, location: string): Promise<ImageInfo | null> {
  try {
    // A VM may be writing to it: without -U qemu-img would ask for the image's lock.
    const argv = ["qemu-img", "info", "-U", "--backing-chain", "--output", "json", location];
    const { stdout } = await machine.run(argv, { env: { LC_ALL: "C" } });
    return infoIn(stdout);
  } catch (error) {
    if (error instanceof MigrascopeError && /No such file|NFS3ERR_NOENT/u.test(error.message)) return null;
    throw error;
  }
}

/** Reads the answer of `qemu-img info --backing-chain --output json`: the image first, then what is below it. */
export function infoIn(text: string): ImageInfo {
  const chain = JSON.parse(text) as readonly { "virtual-size": number; "actual-size"?: number }[];
  const allocated = chain.reduce((sum, each) => sum + (each["actual-size"] ?? 0), 0);
  const known = chain.every((each) => each["actual-size"] !== undefined);
  return { virtualSize: chain[0]!["virtual-size"], ...(known && { allocated }) };
}

/** The disk from the image's view. `null`: there is no image. */
export async function imageStatistics(machine: Machine, image: Image, clock: Clock): Promise<StatisticsSample | null> {
  const info = await imageInfo(machine, image.location);
  if (!info) return null;
  const blocks = image.spec.kind === "iscsi" ? undefined : info.allocated;
  return {
    at: clock(),
    source: "host",
    memory: {},
    disk: { virtualSize: image.size, ...(blocks !== undefined && { allocatedBlocks: blocks }) },
  };
}

/**
 * Before anything is moved: the file system of a local storage has this much room.
 * @throws MigrascopeError TESTBED_UNFIT that says where how much is missing.
 */
export async function requireSpace(machine: Machine, image: Image, bytes: number, what: string): Promise<void> {
  if (image.spec.kind !== "directory") return;
  const { path } = image.spec;
  const { stdout } = await machine.run(["df", "--block-size=1", "--output=avail", "--", path]);
  const free = Number(stdout.trim().split("\n").at(-1));
  if (free >= bytes) return;
  throw new MigrascopeError(
    "TESTBED_UNFIT",
    `${path} has ${free} bytes free: ${bytes - free} too few for ${what}, which may take ${bytes}`,
    { where: machine.name },
  );
}

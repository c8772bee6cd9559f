/** The image of a VM that is shut down, on its way from host to host: compressed or not, and what is left of it. */

import { MigrascopeError } from "../../../model/errors.ts";
import type { HostRole } from "../../../model/machines.ts";
import type { MigrationPart } from "../../../model/migration.ts";
import type { ColdOptions } from "../../../model/movement.ts";
import type { MigrationSettings } from "../../../model/settings.ts";
import type { Machine } from "../../../remote/machine.ts";
import type { LibvirtHost } from "../host.ts";
import { type Image, imageInfo, removeImage, requireSpace } from "./images.ts";
import { runStoppable } from "./stoppable.ts";
import { transfer } from "./transfer.ts";

export interface ColdFile {
  readonly image: Image;
  readonly from: Machine;
  readonly to: Machine;
  /** How the one reaches the other. */
  readonly ssh: LibvirtHost["ssh"];
  readonly family?: MigrationSettings["family"];
  readonly options: ColdOptions;
}

/** Runs a part of the migration, which is told when it begins and ends, on one of the hosts. */
export type InPart = <T>(part: MigrationPart, host: "from" | "to", work: () => Promise<T>) => Promise<T>;

/** What programs the hosts need, and the suffixes of their files. */
const COMPRESSION = {
  none: undefined,
  gzip: { suffix: ".gz", program: "gzip" },
  zstd: { suffix: ".zst", program: "zstd" },
} as const satisfies Record<ColdOptions["compression"], unknown>;

/**
 * gzip knows no holes: dd makes them again. The pipe is a job of its own, so that ending the shell ends both; the shell's
 * status is that of whichever failed.
 */
const GUNZIP = [
  "set -m -o pipefail",
  `gzip -dc -- "$1" | dd of="$2" bs=1M iflag=fullblock conv=sparse status=none & trap 'kill %1' TERM`,
  "wait %1",
].join("\n");

const compressed = ({ image, options }: ColdFile): string | undefined => {
  const how = COMPRESSION[options.compression];
  return how && `${image.location}${how.suffix}`;
};

/**
 * Programs and room, before the VM is shut down. Room is for the worst case: scp fills holes, and data may not compress.
 * @throws MigrascopeError SETTING_UNSUPPORTED for a program that a host has not, TESTBED_UNFIT.
 */
export async function requireMeans(file: ColdFile): Promise<void> {
  const { from, to, options, image } = file;
  const program = COMPRESSION[options.compression]?.program;
  await Promise.all(
    [from, to].flatMap((machine) =>
      [options.copy, program].map(async (name) => {
        if (name === undefined) return;
        await machine.run(["which", name]).catch(() => {
          throw new MigrascopeError("SETTING_UNSUPPORTED", `a cold migration with ${name} needs that program there`, {
            where: machine.name,
          });
        });
      }),
    ),
  );
  const info = await imageInfo(from, image.location);
  if (!info)
    throw new MigrascopeError("HYPERVISOR_REFUSED", `there is no image ${image.location}`, { where: from.name });
  const blocks = info.allocated ?? image.size;
  if (program !== undefined) await requireSpace(from, image, blocks, `the image compressed by ${program}`);
  const filled = options.copy === "scp" && program === undefined && image.format === "raw";
  const arriving = filled ? image.size : blocks;
  await requireSpace(to, image, program === undefined ? arriving : 2 * blocks, "the image and its copy on the way");
}

/**
 * Brings it there under the same path.
 * @param progress is told of bytes that have arrived, of how many. @returns bytes of the file that was sent.
 * @throws MigrascopeError COMMAND_FAILED, CANCELLED.
 */
export async function bring(
  file: ColdFile,
  inPart: InPart,
  progress: (arrived: number, total: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const { from, to, image, options } = file;
  const path = compressed(file) ?? image.location;
  if (options.compression !== "none")
    await inPart("compress", "from", () =>
      runStoppable(from, compress(options.compression, image.location, path), signal),
    );
  const size = Number((await from.run(["stat", "--format=%s", "--", path])).stdout);
  await inPart("transfer", "from", () =>
    transfer({ ...file, copy: options.copy, path }, signal, (bytes) => progress(bytes, size)),
  );
  progress(size, size);
  if (options.compression !== "none")
    await inPart("decompress", "to", () =>
      runStoppable(to, decompress(options.compression, path, image.location), signal),
    );
  return size;
}

/** gzip as it is by default; zstd with all of the host's processors, since nothing else runs of this VM meanwhile. */
function compress(how: ColdOptions["compression"], from: string, to: string): string[] {
  if (how === "zstd") return ["zstd", "-q", "-f", "-T0", "-o", to, "--", from];
  return ["sh", "-c", 'exec gzip -c -- "$1" >"$2"', "sh", from, to];
}

function decompress(how: ColdOptions["compression"], from: string, to: string): string[] {
  if (how === "zstd") return ["zstd", "-q", "-d", "-f", "--sparse", "-o", to, "--", from];
  return ["bash", "-c", GUNZIP, "bash", from, to];
}

/** What is not needed once the VM runs at `host`: its files elsewhere, and compressed ones everywhere. */
export async function clear(
  file: ColdFile,
  host: "from" | "to",
  of: Readonly<Record<"from" | "to", HostRole>>,
): Promise<string[]> {
  const way = compressed(file);
  const elsewhere = host === "from" ? "to" : "from";
  const told = (end: "from" | "to", removing: Promise<unknown>): Promise<string[]> =>
    removing.then(
      () => [],
      (error: Error) => [`an image was left behind on the ${of[end]}: ${error.message}`],
    );
  const removed = await Promise.all([
    told(elsewhere, removeImage(file[elsewhere], file.image)),
    ...(way === undefined
      ? []
      : (["from", "to"] as const).map((end) => told(end, file[end].run(["rm", "-f", "--", way])))),
  ]);
  return removed.flat();
}

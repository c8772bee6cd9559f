/** The lab's guest: a kernel and an initramfs that boot in seconds and can be logged in to with a key made for them. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { VmSpec } from "../model/machines.ts";
import { localMachine } from "../remote/local.ts";
import { cacheDirectory, makeOnce } from "./cache.ts";
import { findPrograms, type Programs, SETUP_SCRIPT, writeInitramfs } from "./initramfs.ts";
import { ensureKernel, type GuestKernel } from "./kernel.ts";
import { locate } from "./locate.ts";
import { requireSwapFits } from "./swap.ts";

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  /** Of everything that the image was made from. Keys are made with the image and are not part of it. */
  readonly hash: string;
  /** As `uname -r` says it in the guest. */
  readonly kernelVersion: string;
  /** Private key that logs in as root. */
  readonly sshKey: string;
  /** The host key as known_hosts lists it behind the host: `ssh-ed25519 AAAA…`. No other key is this image's. */
  readonly hostKeyLine: string;
  /** A known_hosts file that accepts that key at any address, and no other key. */
  readonly knownHosts: string;
  /** @throws MigrascopeError CONFIG_INVALID when the VM's swap does not fit on its disk. */
  commandLine(vm: VmSpec): string;
}

/** What the guest prints on its console when it can be logged in to. */
export const READY_LINE = "migrascope-guest ready";

/**
 * The image, from the cache if nothing that it is made from has changed.
 * @throws MigrascopeError PACKAGES_MISSING, KERNEL_LACKS, COMMAND_FAILED.
 */
export async function ensureGuestImage({ onStep }: { onStep?: (step: string) => void } = {}): Promise<GuestImage> {
  const [kernel, programs] = [await ensureKernel(onStep), await findPrograms()];
  const hash = await hashOf(kernel, programs);
  const directory = join(cacheDirectory(), "images", hash.slice(0, 16));
  await makeOnce(directory, async (temporary) => {
    onStep?.("building the guest image");
    await build(kernel, programs, temporary);
  });
  const knownHosts = join(directory, "known_hosts");
  return {
    kernel: join(directory, "vmlinuz"),
    initrd: join(directory, "initrd"),
    hash,
    kernelVersion: kernel.release,
    sshKey: join(directory, "key"),
    hostKeyLine: (await readFile(knownHosts, "utf8")).trim().slice(2),
    knownHosts,
    commandLine,
  };
}

/**
 * The kernel's command line for a VM: addresses with their prefix lengths, swap in bytes.
 * @throws MigrascopeError CONFIG_INVALID when the swap does not fit on the disk.
 */
export function commandLine(vm: Pick<VmSpec, "name" | "ipv4" | "ipv6" | "disk" | "swap">): string {
  requireSwapFits(vm);
  return [
    "console=ttyS0",
    "quiet",
    // The same layout in every boot: trials differ by what is measured.
    "nokaslr",
    "cryptomgr.notests",
    `migrascope.hostname=${vm.name}`,
    `migrascope.ipv4=${vm.ipv4}`,
    `migrascope.ipv6=${vm.ipv6}`,
    ...(vm.swap > 0 ? [`migrascope.swap=${vm.swap}`] : []),
  ].join(" ");
}

async function hashOf(kernel: GuestKernel, programs: Programs): Promise<string> {
  const hash = createHash("sha256").update(`${kernel.identity}\n`);
  const recipe = ["./initramfs.ts", "./image.ts"].map((file) => fileURLToPath(new URL(file, import.meta.url)));
  for (const file of [...recipe, SETUP_SCRIPT, programs.busybox, programs.dropbear, ...programs.libraries])
    hash.update(`${file.slice(file.lastIndexOf("/") + 1)}\n`).update(await readFile(file));
  return hash.digest("hex");
}

async function build(kernel: GuestKernel, programs: Programs, directory: string): Promise<void> {
  const file = (name: string): string => join(directory, name);
  const run = (...argv: string[]): Promise<{ stdout: string }> => localMachine().run(argv);
  await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "migrascope", "-f", file("key"));
  await run(locate("dropbearkey") ?? "dropbearkey", "-t", "ed25519", "-f", file("host_key"));
  const shown = await run(locate("dropbearkey") ?? "dropbearkey", "-y", "-f", file("host_key"));
  const hostKey = /^ssh-ed25519 \S+/mu.exec(shown.stdout)![0];
  await writeFile(file("known_hosts"), `* ${hostKey}\n`);
  await copyFile(kernel.vmlinuz, file("vmlinuz"));
  const work = file("tree");
  await mkdir(work);
  const publicKey = (await readFile(file("key.pub"), "utf8")).trim();
  await writeInitramfs({
    kernel,
    programs,
    login: { publicKey, hostKey: file("host_key") },
    work,
    initrd: file("initrd"),
  });
  await rm(work, { recursive: true });
  if (!existsSync(file("initrd"))) throw new Error("cpio wrote no image");
}

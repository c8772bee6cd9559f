/** The guest's initramfs: busybox, an SSH server, drivers, and one script. */
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { MigrascopeError } from "../model/errors.ts";
import { localMachine } from "../remote/local.ts";
import type { GuestKernel } from "./kernel.ts";
import { locate } from "./locate.ts";

export const SETUP_SCRIPT = fileURLToPath(new URL("./setup.sh", import.meta.url));

/**
 * What the guest can talk to, and its power button. A kernel that has one built in, or does not know it, needs no module.
 */
const MODULES = ["virtio_pci", "virtio_net", "virtio_blk", "virtio_balloon", "virtio_rng", "ext4", "button", "evdev"];

/** PID 1 is busybox's init: it reaps, and `poweroff` works. */
const INITTAB = `::sysinit:/etc/setup
::shutdown:/bin/swapoff -a
::shutdown:/bin/umount /data
::ctrlaltdel:/sbin/poweroff
`;

/** What busybox's acpid runs when the power button is pressed: a cold migration begins so. */
const POWER_BUTTON = "#!/bin/sh\nexec /sbin/poweroff\n";

/** The kernel makes no /dev/console for an initramfs without device nodes, and device nodes need root to be made. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec /bin/busybox init </dev/console >/dev/console 2>&1
`;

export interface Programs {
  readonly busybox: string;
  readonly dropbear: string;
  /** Shared libraries and the loader, by the path under which the programs look for them. */
  readonly libraries: readonly string[];
}

/** @throws MigrascopeError PACKAGES_MISSING naming the package. */
export async function findPrograms(): Promise<Programs> {
  const find = (command: string, fromPackage: string): string => {
    const path = locate(command);
    if (path === undefined)
      throw new MigrascopeError("PACKAGES_MISSING", `${command} is missing: sudo apt-get install ${fromPackage}`);
    return path;
  };
  const busybox = find("busybox", "busybox-static");
  const dropbear = find("dropbear", "dropbear-bin");
  const libraries = (await Promise.all([busybox, dropbear].map(librariesOf))).flat();
  return { busybox, dropbear, libraries: [...new Set(libraries)].sort() };
}

/** ldd(1) fails for a static program: it has no libraries. */
async function librariesOf(program: string): Promise<string[]> {
  const listed = await localMachine()
    .run(["ldd", program], { env: { LC_ALL: "C" } })
    .catch(() => ({ stdout: "" }));
  return [...listed.stdout.matchAll(/(?:=>\s+|^\s+)(\/\S+) \(0x/gmu)].map((match) => match[1]!);
}

export interface Login {
  /** The line for authorized_keys. */
  readonly publicKey: string;
  /** File of the SSH server's private key, in dropbear's format. */
  readonly hostKey: string;
}

/**
 * Writes `initrd` from a tree that it builds in `work`.
 * Not compressed: an emulated guest needs longer to unpack it than QEMU to read it.
 */
export async function writeInitramfs(options: {
  kernel: GuestKernel;
  programs: Programs;
  login: Login;
  work: string;
  initrd: string;
}): Promise<void> {
  const { kernel, programs, login, work, initrd } = options;
  const put = async (path: string, content: string | Uint8Array, mode = 0o644): Promise<void> => {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), content);
    await chmod(join(work, path), mode);
  };
  for (const directory of ["dev", "proc", "sys", "tmp", "sbin", "usr/bin", "usr/sbin", "run"])
    await mkdir(join(work, directory), { recursive: true });
  await put("init", INIT, 0o755);
  await put("etc/inittab", INITTAB);
  await put("etc/acpi/PWRF/00000080", POWER_BUTTON, 0o755);
  await put("etc/setup", await readFile(SETUP_SCRIPT), 0o755);
  await put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  await put("etc/group", "root:x:0:\n");
  await put("etc/shells", "/bin/sh\n");
  await put("root/.ssh/authorized_keys", `${login.publicKey}\n`, 0o600);
  await put("etc/dropbear/host_key", await readFile(login.hostKey), 0o600);
  for (const library of programs.libraries) await put(library, await readFile(library), 0o755);
  await put("usr/sbin/dropbear", await readFile(programs.dropbear), 0o755);
  await installBusybox(programs.busybox, work);
  await installModules(kernel, work, put);
  // Modes of directories are the user's umask otherwise, and the SSH server refuses keys in loose ones.
  for (const directory of ["", "root", "root/.ssh"]) await chmod(join(work, directory), 0o755);
  await localMachine().run(
    [
      "sh",
      "-c",
      'cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R +0:+0 >"$2"',
      "sh",
      work,
      initrd,
    ],
    { timeout: 60 },
  );
}

async function installBusybox(busybox: string, work: string): Promise<void> {
  await mkdir(join(work, "bin"), { recursive: true });
  await copyFile(busybox, join(work, "bin/busybox"));
  await chmod(join(work, "bin/busybox"), 0o755);
  const { stdout } = await localMachine().run([busybox, "--list"]);
  for (const applet of stdout.split("\n").filter((name) => name !== "" && name !== "busybox")) {
    await symlink("busybox", join(work, "bin", applet));
  }
  await symlink("/bin/busybox", join(work, "sbin/init"));
  await symlink("/bin/busybox", join(work, "sbin/poweroff"));
}

async function installModules(
  kernel: GuestKernel,
  work: string,
  put: (path: string, content: string | Uint8Array) => Promise<void>,
): Promise<void> {
  const order = new Set<string>();
  for (const module of MODULES) for (const file of await moduleFiles(kernel, module)) order.add(file);
  await mkdir(join(work, "lib/modules"), { recursive: true });
  const names: string[] = [];
  for (const file of order) {
    const name = basename(file).replace(/\.ko\.\w+$/u, ".ko");
    await put(join("lib/modules", name), await plainModule(file));
    names.push(`${name}\n`);
  }
  await put("lib/modules/order", names.join(""));
}

/** The module's file after those that it depends on. Empty when it is built in or unknown to this kernel. */
async function moduleFiles(kernel: GuestKernel, module: string): Promise<string[]> {
  const modprobe = locate("modprobe") ?? "modprobe";
  const argv = [modprobe, "--show-depends", "--dirname", kernel.root, "--set-version", kernel.release, module];
  const { stdout } = await localMachine()
    .run(argv)
    .catch(() => ({ stdout: "" }));
  return [...stdout.matchAll(/^insmod (\S+)/gmu)].map((match) => match[1]!);
}

/** busybox loads only what is not compressed. */
async function plainModule(file: string): Promise<Uint8Array> {
  const content = await readFile(file);
  if (file.endsWith(".zst")) return zstdDecompressSync(content);
  if (file.endsWith(".gz")) return gunzipSync(content);
  if (!file.endsWith(".xz")) return content;
  const plain = join(dirname(file), `${basename(file, ".xz")}.plain-${process.pid}`);
  await localMachine().run(["sh", "-c", 'xz -dc "$1" >"$2"', "sh", file, plain]);
  const bytes = await readFile(plain);
  await localMachine().run(["rm", "-f", plain]);
  return bytes;
}

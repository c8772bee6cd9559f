/** The guest's kernel: the distribution's own, unpacked beside the machine's, never installed. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MigrascopeError } from "../model/errors.ts";
import { localMachine } from "../remote/local.ts";
import { cacheDirectory, makeOnce } from "./cache.ts";
import { locate } from "./locate.ts";

export interface GuestKernel {
  /** Packages with their versions: what the image's hash takes for the kernel's identity. */
  readonly identity: string;
  /** As `uname -r` says it. */
  readonly release: string;
  readonly vmlinuz: string;
  /** The unpacked packages: modules lie under `lib/modules` in it. */
  readonly root: string;
}

interface Distribution {
  /** The package that always depends on the newest kernel. */
  readonly meta: string;
  readonly image: RegExp;
  /** Packages beside the image's that hold modules, given the release. */
  readonly modules: (release: string) => readonly string[];
}

/**
 * Debian's cloud kernel has all virtio drivers. Ubuntu's `virtual` flavour is the generic kernel with its modules in a
 * package of their own; there the image is signed and has no unsigned twin of the same name. Ubuntu could not be tried
 * where this was written.
 */
const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  debian: {
    meta: "linux-image-cloud-amd64",
    image: /^linux-image-(\d\S*-cloud-amd64)$/u,
    modules: () => [],
  },
  ubuntu: {
    meta: "linux-image-virtual",
    image: /^linux-image-(\d\S*-generic)$/u,
    modules: (release) => [`linux-modules-${release}`],
  },
};

/** @throws MigrascopeError KERNEL_LACKS on a system of which we do not know the kernel's package. */
function distribution(): Distribution {
  if (process.arch !== "x64") throw new MigrascopeError("KERNEL_LACKS", `no guest kernel is known for ${process.arch}`);
  const release = readFileSync("/etc/os-release", "utf8");
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gmu)].flatMap((match) => match[1]!.split(" "));
  const known = ids.map((id) => DISTRIBUTIONS[id]).find((one) => one !== undefined);
  if (known) return known;
  throw new MigrascopeError(
    "KERNEL_LACKS",
    `no guest kernel is known for this system (${ids.join(", ")}), only for Debian and Ubuntu`,
  );
}

/** apt's answers are parsed: they must come in one language. */
const C_LOCALE = { LC_ALL: "C" } as const;

async function output(argv: readonly string[]): Promise<string> {
  return (await localMachine().run(argv, { env: C_LOCALE })).stdout;
}

async function newestRelease({ meta, image }: Distribution): Promise<string | undefined> {
  const depends = await output(["apt-cache", "depends", "--no-recommends", "--no-suggests", meta]).catch(() => "");
  const candidates = [...depends.matchAll(/Depends: (\S+)/gu)].map((match) => image.exec(match[1]!)?.[1]);
  return candidates.find((release) => release !== undefined);
}

async function versionOf(name: string): Promise<string> {
  const version = /^Version: (\S+)$/mu.exec(await output(["apt-cache", "show", "--no-all-versions", name]))?.[1];
  if (version === undefined) throw new MigrascopeError("PACKAGES_MISSING", `apt knows no version of ${name}`);
  return version;
}

/**
 * The newest kernel that the distribution offers, from the cache if it is there. When nothing can be downloaded, a
 * kernel that was cached earlier will do.
 * @throws MigrascopeError PACKAGES_MISSING with what to run when there is none at all.
 */
export async function ensureKernel(onStep?: (step: string) => void): Promise<GuestKernel> {
  const system = distribution();
  const store = join(cacheDirectory(), "kernels");
  const release = await newestRelease(system);
  try {
    if (release === undefined)
      throw new MigrascopeError("PACKAGES_MISSING", `apt does not know the package ${system.meta}`);
    const names = [`linux-image-${release}`, ...system.modules(release)];
    const packages = await Promise.all(names.map(async (name) => ({ name, version: await versionOf(name) })));
    const directory = join(store, `${release}_${packages[0]!.version.replaceAll(/[^\w.+~-]/gu, "_")}`);
    await makeOnce(directory, async (temporary) => {
      onStep?.(`downloading the guest's kernel ${release}`);
      await unpack(packages, release, temporary);
    });
    return kernelIn(directory);
  } catch (error) {
    const cached = newestCached(store);
    if (cached) return kernelIn(cached);
    throw new MigrascopeError(
      "PACKAGES_MISSING",
      `the guest's kernel cannot be downloaded (${(error as Error).message}); refresh the package lists: sudo apt-get update`,
      { cause: error },
    );
  }
}

async function unpack(
  packages: readonly { name: string; version: string }[],
  release: string,
  into: string,
): Promise<void> {
  const downloads = await mkdtemp(join(into, "deb-"));
  const wanted = packages.map(({ name, version }) => `${name}=${version}`);
  // apt-get writes to its working directory, which `env` sets.
  const download = ["env", `--chdir=${downloads}`, "apt-get", "download", ...wanted];
  const get = (): Promise<unknown> => localMachine().run(download, { env: C_LOCALE, timeout: 600 });
  await get().catch(async (error) => {
    // Old package lists name files that the mirrors no longer have. Only root may refresh them.
    if (process.geteuid!() !== 0) throw error;
    await localMachine().run(["apt-get", "update"], { env: C_LOCALE, timeout: 300 });
    await get();
  });
  for (const file of readdirSync(downloads))
    await localMachine().run(["dpkg-deb", "--extract", join(downloads, file), into], { timeout: 300 });
  await rm(downloads, { recursive: true });
  if (existsSync(join(into, "usr/lib/modules")) && !existsSync(join(into, "lib")))
    await rename(join(into, "usr/lib"), join(into, "lib"));
  // The packages list the modules' dependencies only when they are installed.
  await localMachine().run([locate("depmod") ?? "depmod", "--basedir", into, release], { timeout: 120 });
}

/** Directories that a builder is still filling have a random suffix, and no kernel's version ends like that. */
function newestCached(store: string): string | undefined {
  if (!existsSync(store)) return undefined;
  return readdirSync(store)
    .filter((entry) => existsSync(join(store, entry, "lib/modules")) && !/\.[A-Za-z0-9]{6}$/u.test(entry))
    .sort(new Intl.Collator("en", { numeric: true }).compare)
    .map((entry) => join(store, entry))
    .at(-1);
}

function kernelIn(root: string): GuestKernel {
  const release = readdirSync(join(root, "lib/modules"))[0]!;
  return {
    identity: root.slice(root.lastIndexOf("/") + 1),
    release,
    vmlinuz: join(root, "boot", `vmlinuz-${release}`),
    root,
  };
}

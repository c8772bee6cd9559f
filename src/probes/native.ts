/** The C programs of `native/prober`: where they are, and building them when they are absent or older than their sources. */
import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MigrascopeError } from "../model/errors.ts";

const DIRECTORY = fileURLToPath(new URL("../../native/prober", import.meta.url));
const BUILD = join(DIRECTORY, "build");
const PROGRAMS = ["prober", "echo-target"] as const;
/** Seconds; a compiler takes about three. */
const BUILD_TIMEOUT = 120;
const INSTALL = "sudo apt-get install make gcc libc6-dev";

export interface NativePrograms {
  /** Sends the probes. Needs CAP_NET_RAW. */
  readonly prober: string;
  /** Answers them, with outages of known length; for calibration. Needs CAP_NET_RAW. */
  readonly echoTarget: string;
}

export const NATIVE_PROGRAMS: NativePrograms = {
  prober: join(BUILD, "prober"),
  echoTarget: join(BUILD, "echo-target"),
};

let building: Promise<NativePrograms> | undefined;

/**
 * The programs, ready to run. Several processes may call this at the same time: each builds in a directory of its own,
 * and finished programs are renamed into place.
 * @throws MigrascopeError PACKAGES_MISSING without make or compiler, PROBER_FAILED when the build fails.
 */
export function nativePrograms(): Promise<NativePrograms> {
  building ??= build().catch((error: unknown) => {
    building = undefined;
    throw error;
  });
  return building;
}

/** True when both programs exist and nothing that they are made of is newer. */
export async function nativeIsBuilt(): Promise<boolean> {
  const built = await Promise.all(PROGRAMS.map((name) => modified(join(BUILD, name))));
  return Math.min(...built) >= (await newestSource());
}

async function build(): Promise<NativePrograms> {
  if (await nativeIsBuilt()) return NATIVE_PROGRAMS;
  await requireTools();
  const own = join(BUILD, `own-${process.pid}`);
  try {
    await promisify(execFile)("make", ["-C", DIRECTORY, "-s", "-j2", `BUILD=${own}`], {
      timeout: BUILD_TIMEOUT * 1000,
    });
    await mkdir(BUILD, { recursive: true });
    for (const name of PROGRAMS) await rename(join(own, name), join(BUILD, name));
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new MigrascopeError("PROBER_FAILED", `\`make -C ${DIRECTORY}\` failed: ${said}`, { where: DIRECTORY, cause });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return NATIVE_PROGRAMS;
}

async function requireTools(): Promise<void> {
  const missing: string[] = [];
  for (const tool of ["make", "cc"]) {
    const found = await promisify(execFile)(tool, ["--version"]).then(
      () => true,
      () => false,
    );
    if (!found) missing.push(tool === "cc" ? "a C compiler (cc)" : tool);
  }
  if (missing.length > 0)
    throw new MigrascopeError(
      "PACKAGES_MISSING",
      `building the prober needs ${missing.join(" and ")}. On Debian and Ubuntu: ${INSTALL}`,
      { where: DIRECTORY },
    );
}

/** Milliseconds since 1970; -Infinity when there is no such file. */
async function modified(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.mtimeMs,
    () => Number.NEGATIVE_INFINITY,
  );
}

async function newestSource(): Promise<number> {
  const sources = await readdir(join(DIRECTORY, "src"), { recursive: true });
  const paths = [join(DIRECTORY, "Makefile"), ...sources.map((name) => join(DIRECTORY, "src", name))];
  return Math.max(...(await Promise.all(paths.map(modified))));
}

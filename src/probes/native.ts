/** The C programs of `native/prober`: where they are, and building them when they are absent or older than their sources. */
import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MigrascopeError } from "../model/errors.ts";

const DIRECTORY = fileURLToPath(new URL("../../native/prober", import.meta.url));
const PROGRAMS = ["prober", "capture", "echo-target"] as const;
/** Seconds; a compiler takes about three. */
const BUILD_TIMEOUT = 120;
const INSTALL = "sudo apt-get install make gcc libc6-dev";

export interface NativePrograms {
  /** Sends the probes. Needs CAP_NET_RAW. */
  readonly prober: string;
  /** Copies the headers of packets into a pcap file. Needs CAP_NET_RAW. */
  readonly capture: string;
  /** Answers them, with outages of known length; for calibration. Needs CAP_NET_RAW. */
  readonly echoTarget: string;
}

let building: Promise<NativePrograms> | undefined;

/**
 * The programs, ready to run; built at most once per process.
 * @throws MigrascopeError PACKAGES_MISSING without make or compiler, PROBER_FAILED when the build fails.
 */
export function nativePrograms(): Promise<NativePrograms> {
  building ??= buildNative().catch((error: unknown) => {
    building = undefined;
    throw error;
  });
  return building;
}

/** True when all programs exist and nothing that they are made of is newer. */
export async function nativeIsBuilt(directory: string = DIRECTORY): Promise<boolean> {
  const built = await Promise.all(PROGRAMS.map((name) => modified(join(directory, "build", name))));
  return Math.min(...built) >= (await newestSource(directory));
}

/**
 * Builds the programs of a directory unless they are built. Several processes may do this at the same time: each builds
 * in a directory of its own, and finished programs are renamed into place.
 * @param env the environment of make and the compiler.
 * @throws as `nativePrograms`.
 */
export async function buildNative(directory: string = DIRECTORY, env = process.env): Promise<NativePrograms> {
  if (await nativeIsBuilt(directory)) return programsIn(directory);
  await requireTools(directory, env);
  const build = join(directory, "build");
  const own = join(build, `own-${process.pid}`);
  const argv = ["-C", directory, "-s", "-j2", `BUILD=${own}`];
  try {
    await promisify(execFile)("make", argv, { timeout: BUILD_TIMEOUT * 1000, env });
    await mkdir(build, { recursive: true });
    for (const name of PROGRAMS) await rename(join(own, name), join(build, name));
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new MigrascopeError("PROBER_FAILED", `\`make -C ${directory}\` failed: ${said}`, { where: directory, cause });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return programsIn(directory);
}

function programsIn(directory: string): NativePrograms {
  const program = (name: (typeof PROGRAMS)[number]): string => join(directory, "build", name);
  return { prober: program("prober"), capture: program("capture"), echoTarget: program("echo-target") };
}

async function requireTools(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const tools = { make: "make", cc: "a C compiler (cc)" };
  const missing: string[] = [];
  for (const [tool, name] of Object.entries(tools)) {
    const found = await promisify(execFile)(tool, ["--version"], { env }).then(
      () => true,
      () => false,
    );
    if (!found) missing.push(name);
  }
  if (missing.length > 0)
    throw new MigrascopeError(
      "PACKAGES_MISSING",
      `building the prober needs ${missing.join(" and ")}. On Debian and Ubuntu: ${INSTALL}`,
      { where: directory },
    );
}

/** Milliseconds since 1970; -Infinity when there is no such file. */
async function modified(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.mtimeMs,
    () => Number.NEGATIVE_INFINITY,
  );
}

async function newestSource(directory: string): Promise<number> {
  const sources = await readdir(join(directory, "src"), { recursive: true });
  const paths = [join(directory, "Makefile"), ...sources.map((name) => join(directory, "src", name))];
  return Math.max(...(await Promise.all(paths.map(modified))));
}

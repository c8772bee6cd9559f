/** Building the C programs: absent ones, and those older than their sources. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ErrorCode, MigrascopeError } from "../model/errors.ts";

/** Seconds; a compiler takes about three. */
const BUILD_TIMEOUT = 120;

/** What a directory under `native/` makes. */
export interface Recipe {
  /** It has a Makefile and `src/`; programs come to be in `build/`. */
  readonly directory: string;
  readonly programs: readonly string[];
  /** The Makefile's target, where it is not the first. */
  readonly target?: string;
  /** Commands that it takes → what they are called in an error. */
  readonly tools: Readonly<Record<string, string>>;
  /** The command that installs them. */
  readonly install: string;
  /** What the programs are for, as the end of "building … needs". */
  readonly what: string;
  readonly failure: ErrorCode;
}

export const programPath = ({ directory }: Pick<Recipe, "directory">, name: string): string =>
  join(directory, "build", name);

/** True when all programs exist and nothing that they are made of is newer. */
export async function isBuilt(recipe: Recipe): Promise<boolean> {
  const built = await Promise.all(recipe.programs.map((name) => modified(programPath(recipe, name))));
  return Math.min(...built) >= (await newestSource(recipe.directory));
}

/**
 * Builds the programs unless they are built. Several processes may do this at the same time: each builds in a directory of
 * its own, and finished programs are renamed into place.
 * @param env the environment of make and the compiler.
 * @throws MigrascopeError PACKAGES_MISSING without make or compiler, the recipe's `failure` when the build fails.
 */
export async function build(recipe: Recipe, env = process.env): Promise<void> {
  if (await isBuilt(recipe)) return;
  await requireTools(recipe, env);
  const { directory, programs, target } = recipe;
  // Not by process id: the processes of two labs have the same ones.
  const own = join(directory, "build", `own-${randomBytes(6).toString("hex")}`);
  const argv = ["-C", directory, "-s", "-j2", `BUILD=${own}`, ...(target === undefined ? [] : [target])];
  try {
    await promisify(execFile)("make", argv, { timeout: BUILD_TIMEOUT * 1000, env });
    await mkdir(join(directory, "build"), { recursive: true });
    for (const name of programs) await rename(join(own, name), programPath(recipe, name));
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new MigrascopeError(recipe.failure, `\`make -C ${directory}\` failed: ${said}`, { where: directory, cause });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function requireTools({ directory, tools, what, install }: Recipe, env: NodeJS.ProcessEnv): Promise<void> {
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
      `building ${what} needs ${missing.join(" and ")}. On Debian and Ubuntu: ${install}`,
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

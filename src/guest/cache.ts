/** The cache of things that take time to make and can be made again. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** `MIGRASCOPE_CACHE`, else the user's cache directory. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.MIGRASCOPE_CACHE) return resolve(env.MIGRASCOPE_CACHE);
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "migrascope");
}

/**
 * Makes `directory` by filling a temporary one beside it and renaming that: it exists whole or not at all. Two that make
 * the same thing at once are fine, the first to end wins.
 */
export async function makeOnce(directory: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  if (existsSync(directory)) return;
  await mkdir(dirname(directory), { recursive: true });
  const temporary = await mkdtemp(`${directory}.`);
  try {
    await fill(temporary);
    await rename(temporary, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Writing files so that a crash or a full disk never leaves half of one that looks whole. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { ArtifactEntry } from "../../model/run.ts";

const unwritable = (path: string, error: unknown): MigrascopeError =>
  new MigrascopeError("FILE_UNWRITABLE", `cannot write ${path}: ${(error as Error).message}`, {
    where: path,
    cause: error,
  });

/**
 * Writes a file under a temporary name, syncs it and renames it: readers see the old content or the new, never a part.
 * @throws MigrascopeError FILE_UNWRITABLE; the old content then still stands.
 */
export async function writeFileAtomic(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, "w");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(path, error);
  }
}

/** As `writeFileAtomic`, for a value as readable JSON. */
export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);

/**
 * A file of JSON lines that grows while the world is watched. Each line is one write, so that a crash cuts at most the last.
 * `append` never throws, since its callers are in the middle of a measurement: the first failure is kept and told by `close`.
 */
export class JsonLines<T> {
  readonly path: string;
  #file: number | undefined;
  #failure: MigrascopeError | undefined;

  /** @throws MigrascopeError FILE_UNWRITABLE when the file cannot be made. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openSync(path, "a");
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  append(value: T): void {
    if (this.#file === undefined || this.#failure) return;
    try {
      const line = Buffer.from(`${JSON.stringify(value)}\n`);
      const written = writeSync(this.#file, line);
      if (written < line.length)
        throw new Error(`only ${written} of ${line.length} bytes were written (is the disk full?)`);
    } catch (error) {
      this.#failure = unwritable(this.path, error);
    }
  }

  /** @throws MigrascopeError FILE_UNWRITABLE when any line could not be written. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    if (this.#failure) throw this.#failure;
  }
}

/** Size and SHA-256 of an artifact, read once through. `name` is how the record calls it. */
export async function describeArtifact(path: string, name: string): Promise<ArtifactEntry> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { name, bytes: (await stat(path)).size, sha256: hash.digest("hex") };
}

/** Bringing a file to a machine: whole, and only when it is not there already. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Machine } from "./machine.ts";

/** Seconds that copying may take. */
const COPY_TIMEOUT = 600;

/** Whether the file is there whole. Arguments: path, sha256. */
const THERE = '[ -f "$1" ] && [ "$(sha256sum "$1" | cut -d " " -f 1)" = "$2" ] && echo yes || echo no';
/** Puts standard input there, under its name only when it is whole. Arguments: path, sha256, mode. */
const PUT = `
umask 022
mkdir -p "$(dirname "$1")" || exit 1
new="$1.$$"
trap 'rm -f "$new"' EXIT
cat >"$new" && chmod "$3" "$new" || exit 1
[ "$(sha256sum "$new" | cut -d " " -f 1)" = "$2" ] || { echo "what arrived is not what was sent" >&2; exit 1; }
mv "$new" "$1"`;

/**
 * Copies a file of ours unless one with its hash is there.
 * @param mode as chmod(1) takes it.
 * @throws MigrascopeError COMMAND_FAILED with the machine's own words, FILE_UNREADABLE is the caller's.
 */
export async function deliverFile(
  machine: Machine,
  file: string,
  path: string,
  options: { mode?: string; signal?: AbortSignal } = {},
): Promise<{ readonly copied: boolean }> {
  const content = await readFile(file);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const signal = options.signal && { signal: options.signal };
  const { stdout } = await machine.run(["sh", "-c", THERE, "sh", path, sha256], { ...signal });
  if (stdout.trim() === "yes") return { copied: false };
  await machine.run(["sh", "-c", PUT, "sh", path, sha256, options.mode ?? "644"], {
    ...signal,
    input: content,
    timeout: COPY_TIMEOUT,
  });
  return { copied: true };
}

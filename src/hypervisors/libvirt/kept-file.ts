/** A file on a host for a command that reads it from there. */
import { MigrascopeError } from "../../model/errors.ts";
import type { Machine } from "../../remote/machine.ts";

/** Only we may read it. Prints its path. */
const KEEP = 'umask 077; file=$(mktemp) && cat >"$file" && printf %s "$file"';

/** @returns its path. @throws MigrascopeError COMMAND_FAILED */
export async function keepFile(machine: Machine, content: string): Promise<string> {
  const { stdout: path } = await machine.run(["sh", "-c", KEEP], { input: content });
  if (path.startsWith("/")) return path;
  throw new MigrascopeError("COMMAND_FAILED", `mktemp named no file: "${path}"`, { where: machine.name });
}

/** Never fails: what stays lies where temporary files do. */
export async function dropFiles(machine: Machine, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await machine.run(["rm", "-f", "--", ...paths]).catch(() => {});
}

/** A C program of ours on the machine where it shall run. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { deliverFile } from "../remote/deliver.ts";
import type { Machine } from "../remote/machine.ts";

/** The first that can be written to and run from: libvirt's own place is there on every host, and root may write to it. */
const PLACES = ["/var/lib/libvirt/migrascope", "/var/tmp"];

/**
 * @param program its path here. @returns its path there: the same, unless the machine's files are not ours; then it is copied,
 * once for all runs.
 * @throws MigrascopeError COMMAND_FAILED when it cannot be.
 */
export async function programThere(machine: Machine, program: string): Promise<string> {
  if (!machine.elsewhere) return program;
  const hash = createHash("sha256")
    .update(await readFile(program))
    .digest("hex")
    .slice(0, 16);
  let refusal: unknown;
  for (const place of PLACES) {
    const path = `${place}/${basename(program)}-${hash}`;
    try {
      await deliverFile(machine, program, path, { mode: "755" });
      return path;
    } catch (error) {
      refusal ??= error;
    }
  }
  throw refusal;
}

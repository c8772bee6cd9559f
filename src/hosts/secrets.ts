/** Secrets are where the testbed says, and are read when they are used: neither kept, nor shown, nor put on a command line. */
import { readFile } from "node:fs/promises";
import { MigrascopeError } from "../model/errors.ts";
import type { SecretReference } from "../model/hosts.ts";

/** Where it is, for people. */
export const secretPlace = (reference: SecretReference): string =>
  "env" in reference ? `the environment variable ${reference.env}` : reference.file;

/** @throws MigrascopeError SECRET_MISSING naming the place, never what was there. */
export async function readSecret(reference: SecretReference, env = process.env): Promise<string> {
  const missing = (why: string): MigrascopeError =>
    new MigrascopeError("SECRET_MISSING", `${secretPlace(reference)} ${why}`, { where: secretPlace(reference) });
  if ("env" in reference) {
    const value = env[reference.env];
    if (!value) throw missing(value === undefined ? "is not set" : "is empty");
    return value;
  }
  const text = await readFile(reference.file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw missing(error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`);
  });
  const line = text.split("\n", 1)[0]!.replace(/\r$/u, "");
  if (line === "") throw missing("has an empty first line");
  return line;
}

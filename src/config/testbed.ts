import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { MigrascopeError } from "../model/errors.ts";
import { HostsTestbed, type SecretReference, type SshAccess } from "../model/hosts.ts";
import { LabTestbed, type Testbed } from "../model/testbed.ts";
import { loadDocument } from "./document.ts";

/** @throws MigrascopeError FILE_UNREADABLE or CONFIG_INVALID with file, line and column of every problem. */
export async function loadTestbed(file: string): Promise<Testbed> {
  // One schema at a time: a problem is told in the terms of the kind that was meant.
  return (await kindOf(file)) === "hosts" ? loadHosts(file) : loadDocument(file, LabTestbed);
}

/** As `loadTestbed`, for what exists in the lab only. @throws MigrascopeError CONFIG_INVALID for real machines too. */
export async function loadLab(file: string): Promise<LabTestbed> {
  const testbed = await loadTestbed(file);
  if (testbed.kind === "lab") return testbed;
  throw new MigrascopeError("CONFIG_INVALID", "this testbed is one of real machines, not a lab", { where: file });
}

/**
 * A testbed of real machines. Its paths of files on this machine are made absolute: `~/` is the home directory, a relative
 * path begins where the testbed's own file is.
 * @throws as `loadTestbed`, CONFIG_INVALID for a lab too.
 */
export async function loadHosts(file: string): Promise<HostsTestbed> {
  const kind = await kindOf(file);
  if (kind === "lab" || kind === undefined) {
    await loadDocument(file, LabTestbed); // A file with problems of its own is told those.
    throw new MigrascopeError("CONFIG_INVALID", "this testbed is a lab: write `kind: hosts` for real machines", {
      where: file,
    });
  }
  return withPaths(await loadDocument(file, HostsTestbed), dirname(resolve(file)));
}

function withPaths(testbed: HostsTestbed, base: string): HostsTestbed {
  const absolute = (path: string): string =>
    path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(base, path);
  const keys = <T extends Pick<SshAccess, "keyFile" | "knownHostsFile">>(access: T): T => ({
    ...access,
    ...(access.keyFile !== undefined && { keyFile: absolute(access.keyFile) }),
    ...(access.knownHostsFile !== undefined && { knownHostsFile: absolute(access.knownHostsFile) }),
  });
  const secret = (reference: SecretReference): SecretReference =>
    "file" in reference ? { file: absolute(reference.file) } : reference;
  const host = (spec: HostsTestbed["hosts"]["source"]): HostsTestbed["hosts"]["source"] => ({
    ...spec,
    ssh: keys(spec.ssh),
  });
  return {
    ...testbed,
    hosts: { source: host(testbed.hosts.source), destination: host(testbed.hosts.destination) },
    ...(testbed.switch && { switch: { ...testbed.switch, community: secret(testbed.switch.community) } }),
    guest: keys(testbed.guest),
  };
}

/** What the file says, however wrong it is otherwise: that is told by whoever reads all of it. */
async function kindOf(file: string): Promise<unknown> {
  try {
    return (parse(await readFile(file, "utf8")) as { kind?: unknown } | null)?.kind;
  } catch {
    return undefined;
  }
}

/** The lab on this machine with everything at its default: what runs when no testbed file is given. */
export const defaultTestbed = (): LabTestbed => LabTestbed.parse({});

/** What a host can tell of itself, so that it need not be asked of a person. Nothing here fails: what is not known is asked. */

import { attribute, descend, readXml, textOf } from "../../hypervisors/libvirt/virsh/xml.ts";
import type { Machine } from "../../remote/machine.ts";
import { type Domain, findDomain } from "../domain.ts";
import { type Link, linksOf } from "../network.ts";
import { virsh } from "../virsh.ts";

export interface Discovered {
  readonly links: readonly Link[];
  readonly domains: readonly Domain[];
  /** Directories of libvirt's storage pools. */
  readonly directories: readonly string[];
}

export const NOTHING: Discovered = { links: [], domains: [], directories: [] };

export async function discover(machine: Machine): Promise<Discovered> {
  const [links, domains, directories] = await Promise.all([
    linksOf(machine).catch(() => []),
    domainsOf(machine).catch(() => []),
    directoriesOf(machine).catch(() => []),
  ]);
  return { links: links.filter(({ ifname }) => ifname !== "lo"), domains, directories };
}

const names = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

async function domainsOf(machine: Machine): Promise<Domain[]> {
  const found: Domain[] = [];
  for (const name of names(await virsh(machine, ["list", "--all", "--name"]))) {
    const domain = await findDomain(machine, name);
    if (domain && !domain.ours) found.push(domain);
  }
  return found;
}

async function directoriesOf(machine: Machine): Promise<string[]> {
  const found: string[] = [];
  for (const name of names(await virsh(machine, ["pool-list", "--all", "--name"]))) {
    const pool = descend(readXml(await virsh(machine, ["pool-dumpxml", name])), "pool");
    const path = textOf(descend(pool, "target", "path"));
    if (path !== undefined && ["dir", "netfs", "fs"].includes(attribute(pool, "type") ?? "")) found.push(path);
  }
  return found;
}

export const globalAddress = (
  link: Link | undefined,
  family: "inet" | "inet6",
): { local: string; prefix: number } | undefined => {
  const found = link?.addr_info.find(
    (one) => one.family === family && one.scope === "global" && one.local !== undefined,
  );
  return found && { local: found.local!, prefix: found.prefixlen };
};

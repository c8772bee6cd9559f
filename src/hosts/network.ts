/** Interfaces, addresses and routes of a machine, as `ip -json` tells them. */
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";

const Link = z.object({
  ifname: z.string(),
  mtu: z.int(),
  operstate: z.string(),
  flags: z.array(z.string()),
  address: z.string().optional(),
  master: z.string().optional(),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  addr_info: z
    .array(z.object({ family: z.string(), local: z.string().optional(), prefixlen: z.int(), scope: z.string() }))
    .default([]),
});
export type Link = z.infer<typeof Link>;
const Route = z.object({ dev: z.string().optional(), gateway: z.string().optional(), prefsrc: z.string().optional() });
export type Route = z.infer<typeof Route>;

/** `ip` writes an empty object for each entry that it leaves out. */
const entries = <T>(schema: z.ZodType<T>, text: string): T[] =>
  (JSON.parse(text || "[]") as unknown[]).flatMap((entry) => schema.safeParse(entry).data ?? []);

/** Every interface of the machine with its addresses. @throws MigrascopeError COMMAND_FAILED */
export async function linksOf(machine: Machine): Promise<Link[]> {
  return entries(Link, (await machine.run(["ip", "-json", "-details", "address", "show"])).stdout);
}

/** Where a packet to the address leaves the machine. @throws MigrascopeError COMMAND_FAILED, also when there is no route. */
export async function routeTo(machine: Machine, address: string): Promise<Route> {
  const [route] = entries(Route, (await machine.run(["ip", "-json", "route", "get", address])).stdout);
  if (route) return route;
  throw new MigrascopeError("COMMAND_FAILED", `there is no route to ${address}`, { where: machine.name });
}

/**
 * The interface by which a bridge leaves the machine: its one member that is no VM's tap. The bridge itself when there is none
 * or more than one, and for what is no bridge.
 */
export function uplinkOf(links: readonly Link[], bridge: string): string {
  const members = links.filter(({ master, linkinfo }) => master === bridge && linkinfo?.info_kind !== "tun");
  return members.length === 1 ? members[0]!.ifname : bridge;
}

/** Addresses are compared as numbers: the same IPv6 address can be written in many ways. */
export const sameAddress = (one: string, other: string): boolean => canonical(one) === canonical(other);
const canonical = (address: string): string =>
  address.includes(":") ? new URL(`http://[${address.split("%")[0]}]/`).hostname : address;

export const hasAddress = (link: Link, address: string): boolean =>
  link.addr_info.some(({ local }) => local !== undefined && sameAddress(local, address));

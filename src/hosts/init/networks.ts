/** Where each machine is attached. */
import type { HostRole } from "../../model/machines.ts";
import { localMachine } from "../../remote/local.ts";
import { type Link, routeTo } from "../network.ts";
import type { HostsFile } from "../write.ts";
import { type Asker, addressProblem, optional } from "./ask.ts";
import { type Discovered, globalAddress } from "./discover.ts";

type AttachmentFile = HostsFile["benchmark"];
export type NetworksFile = Pick<HostsFile["hosts"]["source"], "service" | "migration" | "storage" | "tap">;

const described = (link: Link): string => {
  const addresses = (["inet", "inet6"] as const).flatMap((family) => globalAddress(link, family)?.local ?? []);
  return [link.ifname, ...addresses].join(" ");
};

/** @param like the other host's, when it has been asked: interfaces are often called the same. */
export async function askNetworks(
  asker: Asker,
  role: HostRole,
  { links }: Discovered,
  like: NetworksFile | undefined,
): Promise<NetworksFile> {
  asker.say(`\nNetworks of the ${role}${links.length > 0 ? `: ${links.map(described).join("; ")}` : ""}`);
  const offered = (name: string | undefined): string | undefined =>
    links.some(({ ifname }) => ifname === name) || links.length === 0 ? name : undefined;
  const bridges = links.filter(
    ({ linkinfo }) => linkinfo?.info_kind === "bridge" || linkinfo?.info_kind === "openvswitch",
  );
  const bridge = bridges.find((link) => globalAddress(link, "inet")) ?? bridges[0];
  const service = await askAttachment(
    asker,
    "Bridge of the service network",
    links,
    offered(like?.service.interface) ?? bridge?.ifname,
  );
  const plain = links.find(
    (link) => link.ifname !== service.interface && globalAddress(link, "inet") && !bridges.includes(link),
  );
  const migration = await askAttachment(
    asker,
    "Interface of the migration network",
    links,
    offered(like?.migration.interface) ?? plain?.ifname,
  );
  const storage = await optional(asker, "Interface to network storage, if that is a network of its own", known(links));
  const taps = links.filter(({ linkinfo, master }) => linkinfo?.info_kind === "tun" && master === service.interface);
  const tap = await optional(
    asker,
    `A tap in ${service.interface} for this VM alone, where packets can be captured${taps.length > 0 ? `: ${taps.map(({ ifname }) => ifname).join(" ")}` : ""}`,
  );
  return {
    service,
    migration,
    ...(storage !== "" && { storage: attachment(links, storage) }),
    ...(tap !== "" && { tap }),
  };
}

/** @param source as it was asked for: the interface by which it is reached is offered. */
export async function askBenchmark(asker: Asker, { links }: Discovered, source: NetworksFile): Promise<AttachmentFile> {
  asker.say(`\nThis machine: ${links.map(described).join("; ")}`);
  const address = source.service.ipv4 ?? source.service.ipv6;
  const route = address === undefined ? undefined : await routeTo(localMachine(), address).catch(() => undefined);
  return askAttachment(asker, "Its interface on the service network", links, route?.dev);
}

const known =
  (links: readonly Link[]) =>
  (name: string): string | undefined =>
    links.length === 0 || links.some(({ ifname }) => ifname === name)
      ? undefined
      : `there is no interface ${name}; there are ${links.map(({ ifname }) => ifname).join(" ")}`;

async function askAttachment(
  asker: Asker,
  question: string,
  links: readonly Link[],
  offered: string | undefined,
): Promise<AttachmentFile> {
  const name = await asker.ask(question, { default: offered, check: known(links) });
  const found = attachment(links, name);
  if (found.ipv4 !== undefined || found.ipv6 !== undefined) return found;
  const ipv4 = await optional(asker, `IPv4 address on ${name}`, addressProblem("ipv4"));
  const ipv6 = await optional(asker, `IPv6 address on ${name}`, addressProblem("ipv6"));
  return { interface: name, ...(ipv4 !== "" && { ipv4 }), ...(ipv6 !== "" && { ipv6 }) };
}

function attachment(links: readonly Link[], name: string): AttachmentFile {
  const link = links.find(({ ifname }) => ifname === name);
  const [ipv4, ipv6] = [globalAddress(link, "inet")?.local, globalAddress(link, "inet6")?.local];
  return { interface: name, ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}

/** Interfaces and addresses as the testbed's file names them, and MTUs that agree. */
import type { Attachment } from "../../model/hosts.ts";
import { ROLES } from "../machines.ts";
import { hasAddress, type Link, linksOf } from "../network.ts";
import { type Check, type Finding, failed, ok, warning } from "./finding.ts";

type Network = "service" | "migration" | "storage";

export const addresses: Check = {
  name: "addresses",
  essential: true,
  needs: ["SSH"],
  run: async ({ testbed, hosts, benchmark }) => {
    const adopted = "domain" in testbed.vm.from;
    const all = await Promise.all(
      ROLES.map(async (role) => {
        const links = await linksOf(hosts[role]);
        const { service, migration, storage, tap } = testbed.hosts[role];
        const found = attachmentFindings(`addresses ${role}`, links, {
          service,
          migration,
          ...(storage && { storage }),
        });
        return {
          links,
          found: [...found, ...plugFindings(`addresses ${role}`, links, { tap, bridge: service.interface, adopted })],
        };
      }),
    );
    const here = attachmentFindings("addresses benchmark", await linksOf(benchmark), { service: testbed.benchmark });
    const mtus = (["migration", "storage"] as const).flatMap((network) =>
      mtuFindings(
        network,
        ROLES.map((role, at) =>
          all[at]!.links.find(({ ifname }) => ifname === testbed.hosts[role][network]?.interface),
        ),
      ),
    );
    return [...all.flatMap(({ found }) => found), ...here, ...mtus];
  },
};

/** One finding for all that is right, one for each thing that is not. */
export function attachmentFindings(
  name: string,
  links: readonly Link[],
  attachments: Readonly<Partial<Record<Network, Attachment>>>,
): Finding[] {
  const problems = Object.entries(attachments).flatMap(([network, attachment]) =>
    problemsOf(network, attachment, links).map((detail) =>
      failed(name, detail, `correct ${network} of this machine in the testbed's file, or the machine`),
    ),
  );
  if (problems.length > 0) return problems;
  const shown = Object.entries(attachments).map(
    ([network, { interface: device, ipv4, ipv6 }]) =>
      `${network} ${[ipv4, ipv6].filter(Boolean).join(", ") || "without an address"} on ${device}`,
  );
  return [ok(name, shown.join("; "))];
}

function problemsOf(network: string, { interface: device, ipv4, ipv6 }: Attachment, links: readonly Link[]): string[] {
  const link = links.find(({ ifname }) => ifname === device);
  if (!link) {
    const known = links.map(({ ifname }) => ifname).filter((name) => name !== "lo");
    return [`there is no interface ${device} (${network}); there are ${known.join(" ")}`];
  }
  if (!link.flags.includes("UP")) return [`${device} (${network}) is down`];
  if (!link.flags.includes("LOWER_UP")) return [`${device} (${network}) has no carrier`];
  return [ipv4, ipv6]
    .filter((address) => address !== undefined)
    .filter((address) => !hasAddress(link, address))
    .map((address) => {
      const owner = links.find((one) => hasAddress(one, address));
      return `${device} (${network}) does not have the address ${address}${owner ? `: ${owner.ifname} has it` : ""}`;
    });
}

const BRIDGES: readonly (string | undefined)[] = ["bridge", "openvswitch"];

/** Whether a VM can be plugged in there. An adopted VM brings its own plug. */
function plugFindings(
  name: string,
  links: readonly Link[],
  { tap, bridge, adopted }: { tap: string | undefined; bridge: string; adopted: boolean },
): Finding[] {
  const link = links.find(({ ifname }) => ifname === bridge);
  if (link && !adopted && !BRIDGES.includes(link.linkinfo?.info_kind))
    return [failed(name, `${bridge} is no bridge: a VM cannot be plugged into it`, "service.interface: a bridge")];
  if (tap === undefined) return [];
  const plug = links.find(({ ifname }) => ifname === tap);
  if (!plug)
    return [
      failed(name, `there is no tap ${tap}`, `ip tuntap add ${tap} mode tap; ip link set ${tap} master ${bridge} up`),
    ];
  if (plug.master !== bridge)
    return [failed(name, `${tap} is not in ${bridge}`, `ip link set ${tap} master ${bridge}`)];
  return [];
}

/** Links of the source and of the destination. */
export function mtuFindings(network: string, [source, destination]: readonly (Link | undefined)[]): Finding[] {
  if (!source || !destination) return [];
  if (source.mtu === destination.mtu) return [ok(`MTU ${network}`, `${source.mtu} bytes on both hosts`)];
  return [
    warning(
      `MTU ${network}`,
      `${source.mtu} bytes on the source, ${destination.mtu} on the destination: large packets get lost one way`,
      `ip link set ${destination.ifname} mtu ${source.mtu} on the destination`,
    ),
  ];
}

/** What a migration sends really goes over the migration network, and what its MTU promises gets through. */
import { type HostRole, other } from "../../model/machines.ts";
import type { Machine } from "../../remote/machine.ts";
import { ROLES } from "../machines.ts";
import { linksOf, routeTo } from "../network.ts";
import { asFinding, type Check, type CheckContext, type Finding, failed, ok, warning } from "./finding.ts";

/** Of IP and ICMP: what `ping -s` does not count. */
const HEADERS = { ipv4: 28, ipv6: 48 } as const;

export const routes: Check = {
  name: "routes",
  essential: true,
  needs: ["SSH", "addresses"],
  run: async (context) => {
    const found = await Promise.all(ROLES.map((role) => asFinding(`route ${role}`, () => route(context, role))));
    if (found.some(({ verdict }) => verdict === "failed")) return found;
    return [...found, await asFinding("migration network", () => passage(context)), await toVm(context)];
  },
};

/** @throws MigrascopeError COMMAND_FAILED */
async function route({ testbed, hosts }: CheckContext, role: HostRole): Promise<Finding> {
  const name = `route ${role}`;
  const { migration, service } = testbed.hosts[role];
  const peer = testbed.hosts[other(role)].migration;
  const targets = [peer.ipv4, peer.ipv6].filter((address) => address !== undefined);
  if (targets.length === 0)
    return failed(
      name,
      "the other host has no address on the migration network",
      `hosts.${other(role)}.migration.ipv4`,
    );
  for (const address of targets) {
    const { dev, gateway } = await routeTo(hosts[role], address);
    if (dev === service.interface && dev !== migration.interface)
      return failed(
        name,
        `${address} is reached over ${dev}, which is the service network: a migration would go there`,
        `hosts.${other(role)}.migration must be an address on the migration network`,
      );
    if (dev !== migration.interface)
      return failed(
        name,
        `${address} is reached over ${dev}, not over ${migration.interface}`,
        `ip route add ${address} dev ${migration.interface} on the ${role}, or correct hosts.${role}.migration.interface`,
      );
    if (gateway !== undefined) return warning(name, `${address} is reached through the router ${gateway}`);
  }
  if (migration.interface === service.interface)
    return warning(
      name,
      `both networks are on ${migration.interface}: the migration and the VM's traffic share a link, and cannot be told apart`,
      "a network of its own for migrations",
    );
  return ok(name, `${targets.join(", ")} by ${migration.interface}`);
}

/** As large a packet as the MTU lets through, not to be fragmented. */
async function passage({ testbed, hosts }: CheckContext): Promise<Finding> {
  const name = "migration network";
  const links = await linksOf(hosts.source);
  const mtu = links.find(({ ifname }) => ifname === testbed.hosts.source.migration.interface)?.mtu ?? 1500;
  const { ipv4, ipv6 } = testbed.hosts.destination.migration;
  const target = (ipv4 ?? ipv6)!;
  const size = mtu - HEADERS[ipv4 === undefined ? "ipv6" : "ipv4"];
  if (await answers(hosts.source, target, size)) return ok(name, `the destination answers packets of ${mtu} bytes`);
  if (await answers(hosts.source, target, 56))
    return failed(
      name,
      `the destination answers, but not packets of ${mtu} bytes: something between has a smaller MTU`,
      "the same MTU on both hosts and on the switch",
    );
  return failed(name, `${target} does not answer`, "a cable, a VLAN of the switch, or a firewall on the destination");
}

const answers = (machine: Machine, target: string, size: number): Promise<boolean> =>
  machine.run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "-M", "do", "-s", String(size), target]).then(
    () => true,
    () => false,
  );

/** Probes leave this machine where the testbed says. */
async function toVm({ testbed, benchmark }: CheckContext): Promise<Finding> {
  const name = "route benchmark";
  return asFinding(name, async () => {
    const address = testbed.vm.ipv4.split("/")[0]!;
    const { dev, gateway } = await routeTo(benchmark, address);
    const device = testbed.benchmark.interface;
    if (dev !== device)
      return failed(
        name,
        `the VM's address ${address} is reached over ${dev}, not over ${device}`,
        "benchmark.interface",
      );
    if (gateway !== undefined)
      return warning(name, `the VM is reached through the router ${gateway}: its announcements are not seen here`);
    return ok(name, `the VM's address ${address} by ${device}`);
  });
}

/** The managed switch: its address, where its secret is, and its ports. */
import type { HostRole } from "../../model/machines.ts";
import { ROLES } from "../machines.ts";
import { uplinkOf } from "../network.ts";
import type { HostsFile } from "../write.ts";
import { type Asker, optional } from "./ask.ts";
import type { Discovered } from "./discover.ts";
import type { NetworksFile } from "./networks.ts";

type SwitchFile = NonNullable<HostsFile["switch"]>;

const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/u;
const SECRET = /^(env|file) (\S.*)$/u;

/** @returns undefined without a switch. */
export async function askSwitch(
  asker: Asker,
  networks: Readonly<Record<HostRole, NetworksFile>>,
  found: Readonly<Record<HostRole, Discovered>>,
): Promise<SwitchFile | undefined> {
  asker.say("\nThe managed switch, whose counters tell the bytes on the wire");
  const address = await optional(asker, "Its address for SNMP");
  if (address === "") return undefined;
  const secret = await asker.ask("Where its SNMP community is, not the community itself: `env NAME` or `file PATH`", {
    default: "env MIGRASCOPE_SNMP_COMMUNITY",
    check: (text) => (SECRET.test(text) ? undefined : "write `env NAME` or `file PATH`"),
  });
  const [, kind, place = ""] = SECRET.exec(secret) ?? [];
  const ports: SwitchFile["ports"] = {};
  for (const network of ["migration", "service"] as const)
    for (const role of ROLES) {
      const name = uplinkOf(found[role].links, networks[role][network].interface);
      const mac = found[role].links.find(({ ifname }) => ifname === name)?.address;
      const answer = await asker.ask(`Port of ${network}.${role}: its name, or the hardware address behind it`, {
        default: mac,
      });
      ports[`${network}.${role}`] = MAC.test(answer) ? { mac: answer } : { name: answer };
    }
  return { address, community: kind === "file" ? { file: place } : { env: place }, ports };
}

/** The VM: an existing one, one from an image, or Migrascope's own. */
import { Name, VmSpec } from "../../model/machines.ts";
import { Size } from "../../model/units.ts";
import type { HostsFile } from "../write.ts";
import { type Asker, optional } from "./ask.ts";
import { type Discovered, globalAddress } from "./discover.ts";
import type { NetworksFile } from "./networks.ts";

type VmFile = HostsFile["vm"];
type GuestFile = HostsFile["guest"];

const OWN = "migrascope";
const problem =
  (schema: {
    safeParse(value: unknown): { success: boolean; error?: { issues: { message: string }[] } | undefined };
  }) =>
  (text: string): string | undefined =>
    schema.safeParse(text).error?.issues[0]?.message;

export async function askVm(
  asker: Asker,
  found: Discovered,
  networks: NetworksFile,
): Promise<{ vm: VmFile; guest?: GuestFile }> {
  const names = found.domains.map(({ name }) => name);
  asker.say(`\nThe VM${names.length > 0 ? `; on the source there are ${names.join(" ")}` : ""}`);
  const answer = await asker.ask(
    `An existing VM's name, the path of a disk image on the source, or ${OWN} for our own`,
    {
      default: OWN,
      check: (text) =>
        text === OWN || text.startsWith("/") || names.length === 0 || names.includes(text)
          ? undefined
          : `the source has no VM "${text}"`,
    },
  );
  const domain = found.domains.find(({ name }) => name === answer);
  const name = Name.safeParse(answer).success && answer !== OWN ? answer : "vm";
  const memory = await asker.ask("Its memory", {
    default: domain ? `${domain.memory / 2 ** 20}MiB` : "2GiB",
    check: problem(Size),
  });
  const link = found.links.find(({ ifname }) => ifname === networks.service.interface);
  const ipv4 = await asker.ask("Its IPv4 address on the service network, with the prefix length", {
    default: suggested(globalAddress(link, "inet")),
    check: problem(VmSpec.shape.ipv4),
  });
  const ipv6 = await optional(asker, "Its IPv6 address there, with the prefix length", problem(VmSpec.shape.ipv6));
  const mac = domain?.interfaces.find(({ attachedTo }) => attachedTo === networks.service.interface)?.mac;
  const common = { name, memory, ipv4, ...(ipv6 !== "" && { ipv6 }), ...(mac !== undefined && { mac }) };
  if (answer === OWN) {
    const disk = await asker.ask("Its disk's size; the file is sparse", { default: "4GiB", check: problem(Size) });
    return { vm: { from: { guest: OWN }, ...common, disk } };
  }
  const user = await asker.ask("User that logs in to the guest by SSH", { default: "root" });
  const keyFile = await optional(asker, "Private key for it");
  const guest = { user, ...(keyFile !== "" && { keyFile }) };
  return { vm: { from: answer.startsWith("/") ? { image: answer } : { domain: answer }, ...common }, guest };
}

/** The hundredth address of the host's network, if it is an ordinary one. */
function suggested(address: { local: string; prefix: number } | undefined): string | undefined {
  return address?.prefix === 24 ? `${address.local.replace(/\d+$/u, "100")}/24` : undefined;
}

/** What libvirt and QEMU on one host are and can do. */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { Virsh } from "./virsh/virsh.ts";
import { attribute, children, descend, readXml, textOf } from "./virsh/xml.ts";

export interface Abilities {
  /** libvirt's version, e.g. `9.0.0`. */
  readonly version: string;
  /** QEMU's, e.g. `7.2.22`. */
  readonly qemu: string;
  readonly hostname: string;
  /** The host's identity in libvirt's eyes: two hosts with one UUID cannot migrate to each other. */
  readonly uuid: string;
  /** Versioned machine types, and what each alias (`q35`) stands for. */
  readonly machines: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
  /** Domain types for x86-64: `qemu` (emulated), `kvm`. */
  readonly domains: ReadonlySet<string>;
}

/** @throws MigrascopeError COMMAND_FAILED when the host does not answer, HYPERVISOR_REFUSED when libvirt does not. */
export async function askAbilities(virsh: Virsh): Promise<Abilities> {
  const [version, capabilities, hostname] = await Promise.all([
    virsh.run(["version"]),
    virsh.run(["capabilities"]),
    virsh.run(["hostname"]),
  ]);
  return { ...versionsIn(version), ...capabilitiesIn(capabilities), hostname: hostname.trim() };
}

/** Reads the answer to `virsh version`. */
export function versionsIn(text: string): { version: string; qemu: string } {
  return {
    version: /Using library: libvirt (\S+)/u.exec(text)?.[1] ?? "unknown",
    qemu: /Running hypervisor: QEMU (\S+)/u.exec(text)?.[1] ?? "unknown",
  };
}

/** Reads the answer to `virsh capabilities`, for x86-64 guests. */
export function capabilitiesIn(text: string): Pick<Abilities, "uuid" | "machines" | "aliases" | "domains"> {
  const root = readXml(text);
  const guests = children(descend(root, "capabilities"), "guest");
  const arch = guests.map((guest) => descend(guest, "arch")).find((each) => attribute(each, "name") === "x86_64");
  // A machine type is listed for the architecture, and again for each domain type that has others.
  const types = [arch, ...children(arch, "domain")].flatMap((each) => children(each, "machine"));
  const aliases = types.flatMap((type) => {
    const canonical = attribute(type, "canonical");
    return canonical === undefined ? [] : [[textOf(type) ?? "", canonical] as const];
  });
  return {
    uuid: textOf(descend(root, "capabilities", "host", "uuid")) ?? "",
    machines: new Set(
      types.flatMap((type) => [textOf(type) ?? "", attribute(type, "canonical") ?? ""]).filter(Boolean),
    ),
    aliases: new Map(aliases),
    domains: new Set(children(arch, "domain").flatMap((domain) => attribute(domain, "type") ?? [])),
  };
}

/** The chipset that current management layers choose; its alias is resolved to a version. */
const MACHINE = "q35";

/**
 * The versioned machine type that both ends have: the older QEMU's, since a newer one knows it too.
 * @throws MigrascopeError HYPERVISOR_REFUSED when there is none.
 */
export function commonMachine(of: Readonly<Record<HostRole, Abilities>>, type = MACHINE): string {
  const { source, destination } = of;
  for (const abilities of [source, destination]) {
    const name = abilities.aliases.get(type) ?? type;
    if (source.machines.has(name) && destination.machines.has(name)) return name;
  }
  throw new MigrascopeError(
    "HYPERVISOR_REFUSED",
    `QEMU ${source.qemu} (source) and QEMU ${destination.qemu} (destination) have no common version of machine type ${type}`,
  );
}

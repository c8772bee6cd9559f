/** An existing VM as its host's libvirt describes it, as far as a migration minds. */
import { MARK } from "../hypervisors/libvirt/definition.ts";
import { attribute, children, descend, type Element, readXml, textOf } from "../hypervisors/libvirt/virsh/xml.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";
import { virsh } from "./virsh.ts";

export interface Domain {
  readonly name: string;
  /** As libvirt says it: `running`, `shut off`… */
  readonly state: string;
  /** Made by us. */
  readonly ours: boolean;
  /** Bytes. */
  readonly memory: number;
  readonly vcpus: number;
  readonly cpuMode: string;
  readonly disks: readonly {
    readonly target: string;
    readonly source: string;
    readonly kind: "disk" | "cdrom" | "other";
  }[];
  readonly interfaces: readonly { readonly mac: string; readonly attachedTo: string }[];
  /** Why it cannot be migrated live, one by one. */
  readonly obstacles: readonly string[];
}

/** @returns undefined when the host has no domain of this name. @throws MigrascopeError COMMAND_FAILED, HYPERVISOR_REFUSED */
export async function findDomain(machine: Machine, name: string): Promise<Domain | undefined> {
  const names = (await virsh(machine, ["list", "--all", "--name"])).split("\n").map((line) => line.trim());
  if (!names.includes(name)) return undefined;
  const state = (await virsh(machine, ["domstate", name])).trim();
  return parseDomain(await virsh(machine, ["dumpxml", name]), state);
}

const UNIT: Readonly<Record<string, number>> = { b: 1, bytes: 1, KiB: 2 ** 10, k: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** @param text what `virsh dumpxml` printed. */
export function parseDomain(text: string, state: string): Domain {
  const domain = descend(readXml(text), "domain");
  if (!domain)
    throw new MigrascopeError("HYPERVISOR_REFUSED", "libvirt described the VM by something that is no domain");
  const memory = descend(domain, "memory");
  const devices = descend(domain, "devices");
  return {
    name: textOf(descend(domain, "name")) ?? "",
    state,
    ours: text.includes(MARK),
    memory: Number(textOf(memory)) * (UNIT[attribute(memory, "unit") ?? "KiB"] ?? 2 ** 10),
    vcpus: Number(textOf(descend(domain, "vcpu")) ?? 1),
    cpuMode: attribute(descend(domain, "cpu"), "mode") ?? "default",
    disks: children(devices, "disk").map((disk) => ({
      target: attribute(descend(disk, "target"), "dev") ?? "",
      source: sourceOf(descend(disk, "source")),
      kind: kindOf(attribute(disk, "device") ?? "disk"),
    })),
    interfaces: children(devices, "interface").map((one) => ({
      mac: attribute(descend(one, "mac"), "address") ?? "",
      attachedTo: plugOf(one),
    })),
    obstacles: obstaclesOf(devices),
  };
}

const kindOf = (device: string): Domain["disks"][number]["kind"] =>
  device === "disk" || device === "cdrom" ? device : "other";

/** A path, or what stands for one: protocol and name of a network disk, pool and volume. Empty: no medium. */
function sourceOf(source: Element | undefined): string {
  const of = (name: string): string | undefined => attribute(source, name);
  if (of("protocol") !== undefined) return `${of("protocol")}:${of("name")}`;
  if (of("pool") !== undefined) return `${of("pool")}/${of("volume")}`;
  return of("file") ?? of("dev") ?? of("dir") ?? "";
}

const plugOf = (one: Element): string => {
  const source = descend(one, "source");
  const named = attribute(source, "bridge") ?? attribute(source, "network") ?? attribute(source, "dev");
  return named ?? attribute(descend(one, "target"), "dev") ?? attribute(one, "type") ?? "nothing";
};

function obstaclesOf(devices: Element | undefined): string[] {
  const interfaces = children(devices, "interface").map((one) => attribute(one, "type"));
  return [
    ...(children(devices, "hostdev").length > 0 ? ["it has a device of the host passed through"] : []),
    ...(interfaces.includes("hostdev") ? ["its network card is one of the host's"] : []),
    ...(interfaces.includes("user")
      ? ["its network is QEMU's own (type user), which nobody reaches from outside"]
      : []),
    ...(children(devices, "filesystem").length > 0 ? ["it has a directory of the host mounted (filesystem)"] : []),
  ];
}

/** The hosts' processors: a running VM cannot lose a CPU feature on its way. */
import { attribute, children, descend, readXml, textOf } from "../../hypervisors/libvirt/virsh/xml.ts";
import type { HostRole } from "../../model/machines.ts";
import { perHostAsync } from "../machines.ts";
import { virsh } from "../virsh.ts";
import { type Check, type Finding, ok, warning } from "./finding.ts";

export interface Processor {
  readonly architecture: string;
  /** Libvirt's name for the model that fits best. */
  readonly model: string;
  readonly features: readonly string[];
}

/** @param text what `virsh capabilities` printed. */
export function parseProcessor(text: string): Processor {
  const cpu = descend(readXml(text), "capabilities", "host", "cpu");
  return {
    architecture: textOf(descend(cpu, "arch")) ?? "unknown",
    model: textOf(descend(cpu, "model")) ?? "unknown",
    features: children(cpu, "feature").flatMap((feature) => attribute(feature, "name") ?? []),
  };
}

export const processor: Check = {
  name: "processor",
  essential: true,
  needs: ["SSH", "privileges"],
  run: async ({ hosts }) =>
    processorFindings(await perHostAsync(async (role) => parseProcessor(await virsh(hosts[role], ["capabilities"])))),
};

export function processorFindings({ source, destination }: Readonly<Record<HostRole, Processor>>): Finding[] {
  const name = "processor";
  if (source.architecture !== destination.architecture)
    return [
      {
        name,
        verdict: "failed",
        detail: `the source is ${source.architecture}, the destination ${destination.architecture}: nothing can be migrated between them`,
      },
    ];
  const lost = source.features.filter((feature) => !destination.features.includes(feature));
  const gained = destination.features.filter((feature) => !source.features.includes(feature));
  if (source.model === destination.model && lost.length === 0 && gained.length === 0)
    return [ok(name, `both ${source.architecture}, ${source.model} with the same ${source.features.length} features`)];
  const parts = [
    source.model === destination.model
      ? `both ${source.model}`
      : `${source.model} on the source, ${destination.model} on the destination`,
    ...(lost.length > 0 ? [`only the source has ${lost.join(" ")}`] : []),
    ...(gained.length > 0 ? [`only the destination has ${gained.join(" ")}`] : []),
  ];
  return [warning(name, parts.join("; "), "give the VM a CPU model that both have: `virsh hypervisor-cpu-baseline`")];
}

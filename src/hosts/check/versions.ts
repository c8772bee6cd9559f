/** Libvirt, QEMU and kernel of both hosts: the same, or at least the destination not older. */
import { versionsIn } from "../../hypervisors/libvirt/abilities.ts";
import type { HostRole } from "../../model/machines.ts";
import { perHostAsync } from "../machines.ts";
import { virsh } from "../virsh.ts";
import { type Check, type Finding, ok, warning } from "./finding.ts";

export interface Versions {
  readonly libvirt: string;
  readonly qemu: string;
  readonly kernel: string;
}

export const versions: Check = {
  name: "versions",
  essential: true,
  needs: ["SSH", "privileges"],
  run: async ({ hosts }) =>
    versionFindings(
      await perHostAsync(async (role) => ({
        ...readVersions(await virsh(hosts[role], ["version"])),
        kernel: (await hosts[role].run(["uname", "-r"])).stdout.trim(),
      })),
    ),
};

const readVersions = (text: string): Pick<Versions, "libvirt" | "qemu"> => {
  const { version, qemu } = versionsIn(text);
  return { libvirt: version, qemu };
};

export function versionFindings({ source, destination }: Readonly<Record<HostRole, Versions>>): Finding[] {
  const shown = `libvirt ${source.libvirt}, QEMU ${source.qemu}, Linux ${source.kernel}`;
  const differences = (["libvirt", "qemu", "kernel"] as const).flatMap((what) => {
    const [here, there] = [source[what], destination[what]];
    if (here === there) return [];
    const label = { libvirt: "libvirt", qemu: "QEMU", kernel: "the kernel" }[what];
    const older = compareVersions(there, here) < 0 && what !== "kernel";
    const consequence = older
      ? ": the destination is older, and hypervisors promise migration to newer versions only"
      : what === "kernel"
        ? ""
        : ": a migration back would go to an older version";
    return [warning("versions", `${label} is ${here} on the source, ${there} on the destination${consequence}`, MEND)];
  });
  return differences.length > 0 ? differences : [ok("versions", `the same on both: ${shown}`)];
}
const MEND = "install the same versions on both, or say in the report that they differ";

/** By their numbers, from the left. */
export function compareVersions(one: string, other: string): number {
  const numbers = (text: string): number[] => text.split(/[^0-9]+/u).map(Number);
  const [a, b] = [numbers(one), numbers(other)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

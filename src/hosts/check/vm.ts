/** The VM: there, and such that it can be migrated; or that it can be made. */
import type { HostsTestbed } from "../../model/hosts.ts";
import { type Domain, findDomain } from "../domain.ts";
import { perHostAsync, ROLES } from "../machines.ts";
import { type Check, type CheckContext, type Finding, failed, ok, warning } from "./finding.ts";

export const vm: Check = {
  name: "VM",
  essential: true,
  needs: ["SSH", "privileges"],
  run: (context) => {
    const { from } = context.testbed.vm;
    if ("domain" in from) return existing(from.domain, context);
    return "image" in from ? fromImage(from.image, context) : made(context);
  },
};

async function existing(name: string, { testbed, hosts }: CheckContext): Promise<Finding[]> {
  const found = await perHostAsync((role) => findDomain(hosts[role], name));
  if (found.source && found.destination)
    return [
      failed("VM", `both hosts have a VM "${name}": only the source may`, `virsh undefine ${name} on the destination`),
    ];
  if (found.destination)
    return [
      failed("VM", `the VM "${name}" is on the destination`, "exchange source and destination, or migrate it back"),
    ];
  if (!found.source) return [failed("VM", `the source has no VM "${name}"`, "`virsh list --all` there names them")];
  return domainFindings(found.source, testbed);
}

/** What a migration of an existing VM minds. */
export function domainFindings(domain: Domain, testbed: Pick<HostsTestbed, "vm" | "hosts" | "storages">): Finding[] {
  const { name, state, memory, vcpus, disks, interfaces, obstacles } = domain;
  if (obstacles.length > 0)
    return [failed("VM", `"${name}" cannot be migrated live: ${obstacles.join("; ")}`, `virsh edit ${name}`)];
  const { service, tap } = testbed.hosts.source;
  // The tap, where the file names one, is in that bridge.
  const plug = interfaces.find(({ attachedTo }) => attachedTo === service.interface || attachedTo === tap);
  const shown = disks.filter(({ kind }) => kind === "disk").map(({ target, source }) => `${target} ${source}`);
  const size = `${vcpus} vCPU, ${(memory / 2 ** 20).toFixed(0)} MiB`;
  return [
    ok("VM", `"${name}" is on the source, ${state}: ${size}; ${shown.join(", ") || "no disk"}`),
    ...(plug ? [] : [notPlugged(name, interfaces, testbed)]),
    ...(plug && plug.mac !== testbed.vm.mac
      ? [
          warning(
            "VM",
            `its network card is ${plug.mac}, the file says ${testbed.vm.mac}: its announcements would not be known`,
            `vm.mac: ${plug.mac}`,
          ),
        ]
      : []),
    ...(memory === testbed.vm.memory
      ? []
      : [
          warning(
            "VM",
            `it has ${memory} bytes of memory, the file says ${testbed.vm.memory}`,
            `vm.memory: ${memory / 2 ** 20}MiB`,
          ),
        ]),
    ...disks
      .filter(({ kind, source }) => kind === "cdrom" && source !== "")
      .map(({ target }) =>
        warning(
          "VM",
          `there is a disc in ${target}, which the destination may not have`,
          `virsh change-media ${name} ${target} --eject`,
        ),
      ),
    ...(domain.cpuMode === "host-passthrough"
      ? [warning("VM", "its CPU is the host's own (host-passthrough): only to an equal processor can it be migrated")]
      : []),
  ];
}

const notPlugged = (name: string, interfaces: Domain["interfaces"], testbed: Pick<HostsTestbed, "hosts">): Finding => {
  const where = interfaces.map(({ attachedTo }) => attachedTo).join(", ") || "nothing";
  const wanted = testbed.hosts.source.service.interface;
  return failed(
    "VM",
    `"${name}" is plugged into ${where}, not into ${wanted}`,
    `virsh edit ${name}, or hosts.source.service.interface`,
  );
};

async function fromImage(image: string, context: CheckContext): Promise<Finding[]> {
  const { testbed, hosts } = context;
  const argv = ["qemu-img", "info", "--force-share", "--output=json", image];
  const { stdout } = await hosts.source.run(argv);
  const info = JSON.parse(stdout) as { format: string; "virtual-size": number; "backing-filename"?: string };
  const findings = [ok("VM image", `${image}, ${info.format}, ${(info["virtual-size"] / 2 ** 30).toFixed(1)} GiB`)];
  if (info["backing-filename"] !== undefined)
    findings.push(warning("VM image", `it is built on ${info["backing-filename"]}, which is copied with it`));
  if (info["virtual-size"] > testbed.vm.disk)
    findings.push(
      failed("VM image", `it is larger than vm.disk (${testbed.vm.disk} bytes)`, `vm.disk: ${info["virtual-size"]}B`),
    );
  return [...findings, ...(await made(context))];
}

/** Nothing of that name may be in the way. */
async function made({ testbed, hosts }: CheckContext): Promise<Finding[]> {
  const { name } = testbed.vm;
  const found = await perHostAsync((role) => findDomain(hosts[role], name));
  const strangers = ROLES.filter((role) => found[role] && !found[role].ours);
  if (strangers.length > 0)
    return [
      failed(
        "VM",
        `the ${strangers.join(" and the ")} has a VM "${name}" that Migrascope did not make`,
        "vm.name: another name",
      ),
    ];
  const left = ROLES.filter((role) => found[role]);
  if (left.length > 0)
    return [
      ok("VM", `"${name}" of an earlier run is on the ${left.join(" and the ")}: it is removed when a run begins`),
    ];
  return [ok("VM", `"${name}" is made for the run; nothing of that name is there`)];
}

/** The VM as libvirt's domain. */
import type { VmSpec } from "../../model/machines.ts";
import type { LibvirtHost } from "./host.ts";
import { type Xml, xml } from "./virsh/xml.ts";

/** What marks a domain as made by us, and so as ours to destroy. */
export const MARK = "https://migrascope.dev/domain/1";

/** Where a host keeps the VM's console and QEMU's messages, in libvirt's own place for such. */
export const LOG_DIRECTORY = "/var/log/libvirt/qemu";
export const consoleLog = (domain: string): string => `${LOG_DIRECTORY}/${domain}-console.log`;
export const qemuLog = (domain: string): string => `${LOG_DIRECTORY}/${domain}.log`;

/** Where libvirt keeps the process number of the domain's QEMU. */
export const processFile = (domain: string): string => `/run/libvirt/qemu/${domain}.pid`;

export interface DomainOptions {
  readonly vm: VmSpec;
  readonly accelerator: "kvm" | "tcg";
  /** Versioned machine type, e.g. `pc-q35-7.2`. */
  readonly machine: string;
  /** A CPU model of libvirt's with features that are added: `Nehalem`, `rdrand`. */
  readonly cpu: { readonly model: string; readonly features: readonly string[] };
  /** Without it the VM boots from its disk. Paths on the host. */
  readonly kernel?: { readonly path: string; readonly initrd: string; readonly commandLine: string };
  /** The disk's element, as vda. */
  readonly disk: Xml;
  readonly network: LibvirtHost["network"];
}

/** The domain's XML. A guest that crashes or reboots is over: it must not boot again in the middle of a measurement. */
export function domainXml(options: DomainOptions): string {
  const { vm, accelerator, machine, cpu, kernel, disk } = options;
  const boot = kernel
    ? xml`<kernel>${kernel.path}</kernel><initrd>${kernel.initrd}</initrd><cmdline>${kernel.commandLine}</cmdline>`
    : xml`<boot dev='hd'/>`;
  const pages = vm.hugePages ? xml`<memoryBacking><hugepages/></memoryBacking>` : xml``;
  return xml`<domain type='${accelerator === "kvm" ? "kvm" : "qemu"}'>
  <name>${vm.name}</name>
  <metadata><migrascope:domain xmlns:migrascope='${MARK}'/></metadata>
  <memory unit='b'>${vm.memory}</memory>
  ${pages}
  <vcpu>${vm.vcpus}</vcpu>
  <os><type arch='x86_64' machine='${machine}'>hvm</type>${boot}</os>
  <features><acpi/><apic/></features>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>${cpu.model}</model>
    ${cpu.features.map((feature) => xml`<feature policy='require' name='${feature}'/>`)}
  </cpu>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    ${disk}
    ${interfaceXml(options.network, vm.mac)}
    <serial type='file'><source path='${consoleLog(vm.name)}' append='on'/></serial>
    <memballoon model='virtio'/>
  </devices>
</domain>
`.text;
}

/** Nothing boots from the network, and a ROM would be one more block to migrate. */
const interfaceXml = (network: LibvirtHost["network"], mac: string): Xml =>
  "tap" in network
    ? xml`<interface type='ethernet'><mac address='${mac}'/><target dev='${network.tap}' managed='no'/><model type='virtio'/><rom enabled='no'/></interface>`
    : xml`<interface type='bridge'><mac address='${mac}'/><source bridge='${network.bridge}'/><model type='virtio'/><rom enabled='no'/></interface>`;

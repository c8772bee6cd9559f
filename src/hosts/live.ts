/** Real machines as a testbed that a trial can use. */
import { join } from "node:path";
import type { GuestImage } from "../guest/image.ts";
import { LibvirtDriver } from "../hypervisors/libvirt/driver.ts";
import type { LibvirtHost } from "../hypervisors/libvirt/host.ts";
import { ARTIFACT } from "../model/artifacts.ts";
import type { Attachment, HostsTestbed } from "../model/hosts.ts";
import type { HostRole, VmSpec } from "../model/machines.ts";
import type { ClockOffset } from "../model/run.ts";
import type { Clock } from "../model/time.ts";
import type { CountedInterface } from "../probes/interfaces.ts";
import { resolvePorts } from "../probes/switch-ports.ts";
import { localMachine } from "../remote/local.ts";
import type { Machine } from "../remote/machine.ts";
import { closeShared, type SshTarget, sshMachine } from "../remote/ssh.ts";
import type { CapturePoint, FlowPoint, LiveTestbed, TestbedFactory } from "../trial/testbed.ts";
import { measureOffset } from "./clock.ts";
import { guestAccess } from "./guest.ts";
import type { GuestFiles } from "./guest-files.ts";
import { type OpenHosts, perHost, perHostAsync, ROLES } from "./machines.ts";
import { linksOf, uplinkOf } from "./network.ts";
import { copyAddress, peerUri } from "./peer.ts";
import { switchAddress } from "./switch.ts";

export interface HostsOptions {
  readonly testbed: HostsTestbed;
  readonly hosts: OpenHosts;
  readonly accelerator: "kvm" | "tcg";
  /** Migrascope's own guest, when the VM is made from it: the image here and its files on the hosts. */
  readonly own?: { readonly image: GuestImage; readonly files: GuestFiles };
  readonly clock: Clock;
}

export interface HostsLive {
  readonly live: TestbedFactory;
  /** What will not be measured on these machines, and why, each in a sentence. */
  readonly lacks: readonly string[];
  /** This machine's addresses on the service network; empty where it has none of the family. */
  readonly benchmarkAddress: LiveTestbed["benchmarkAddress"];
}

/**
 * Asks the machines what has to be known of them once; then makes a testbed for each VM.
 * @throws MigrascopeError COMMAND_FAILED, SNMP_SILENT, SECRET_MISSING.
 */
export async function hostsTestbed(options: HostsOptions): Promise<HostsLive> {
  const { testbed, hosts, own, clock } = options;
  const { machines } = hosts;
  const benchmark = localMachine("benchmark");
  const root = await perHostAsync(async (role) => (await machines[role].run(["id", "-u"])).stdout.trim() === "0");
  const interfaces = await countedInterfaces(testbed, machines, benchmark);
  const { captures, flows, lacks } = instruments(testbed, machines, benchmark, root);
  const theSwitch = testbed.switch && (await liveSwitch(testbed.switch));
  const benchmarkAddress = await ownAddresses(benchmark, testbed.benchmark);
  const live = (vm: VmSpec): LiveTestbed => {
    const access: SshTarget = {
      ...guestAccess({ vm: { ...vm, from: testbed.vm.from }, guest: testbed.guest }, own?.image),
      controlPath: join(hosts.directory, "guest"),
    };
    return {
      vm,
      driver: driver(options),
      benchmark,
      guest: sshMachine(vm.name, access),
      dropGuestConnection: () => closeShared(access),
      guestDirectory: own ? "/data" : testbed.guest.directory,
      benchmarkAddress,
      captures,
      flows,
      interfaces,
      ...(theSwitch && { switch: theSwitch }),
      clockOffsets: () => clockOffsets(machines, clock),
    };
  };
  return { live, lacks, benchmarkAddress };
}

function driver({ testbed, hosts, own, accelerator, clock }: HostsOptions): LibvirtDriver {
  const { from } = testbed.vm;
  const host = (role: HostRole): LibvirtHost => {
    const spec = testbed.hosts[role];
    const { ipv4, ipv6 } = spec.migration;
    return {
      machine: hosts.machines[role],
      peer: peerUri(spec),
      ssh: copyAddress(spec),
      migrationAddress: { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) },
      network: spec.tap === undefined ? { bridge: spec.service.interface } : { tap: spec.tap },
    };
  };
  return new LibvirtDriver({
    hosts: perHost(host),
    storages: testbed.storages,
    ...(own && { guest: { ...own.files, commandLine: (vm: VmSpec) => own.image.commandLine(vm) } }),
    ...("image" in from && { image: from.image }),
    ...("domain" in from && { adopt: from.domain }),
    accelerator,
    clock,
  });
}

/** One after the other: they would disturb each other's round trips. A host that does not answer is left out. */
async function clockOffsets(machines: Readonly<Record<HostRole, Machine>>, clock: Clock): Promise<ClockOffset[]> {
  const offsets: ClockOffset[] = [];
  for (const role of ROLES) {
    const offset = await measureOffset(role, machines[role], clock).catch(() => undefined);
    if (offset) offsets.push(offset);
  }
  return offsets;
}

/** On the service network the uplink counts, not the bridge: what passes through a bridge it does not count. */
async function countedInterfaces(
  testbed: HostsTestbed,
  machines: Readonly<Record<HostRole, Machine>>,
  benchmark: Machine,
): Promise<CountedInterface[]> {
  const found = await perHostAsync(async (role) => {
    const { service, migration, storage } = testbed.hosts[role];
    const links = await linksOf(machines[role]);
    const of = (network: CountedInterface["network"], device: string): CountedInterface => ({
      host: role,
      network,
      interface: device,
      machine: machines[role],
    });
    return [
      of("service", uplinkOf(links, service.interface)),
      of("migration", migration.interface),
      ...(storage ? [of("storage", storage.interface)] : []),
    ];
  });
  const here = { host: "benchmark", network: "service", interface: testbed.benchmark.interface } as const;
  return [{ ...here, machine: benchmark }, ...found.source, ...found.destination];
}

function instruments(
  testbed: HostsTestbed,
  machines: Readonly<Record<HostRole, Machine>>,
  benchmark: Machine,
  root: Readonly<Record<HostRole, boolean>>,
): { captures: CapturePoint[]; flows: FlowPoint[]; lacks: string[] } {
  const ARTIFACTS = { source: ARTIFACT.captureSource, destination: ARTIFACT.captureDestination } as const;
  const lacks: string[] = [];
  const captures: CapturePoint[] = [
    { artifact: ARTIFACT.captureBenchmark, machine: benchmark, interface: testbed.benchmark.interface },
  ];
  for (const role of ROLES) {
    const { tap, ssh } = testbed.hosts[role];
    if (tap === undefined)
      lacks.push(
        `no packets are captured on the ${role}: libvirt makes the VM's tap there (hosts.${role}.tap names one)`,
      );
    else if (!root[role]) lacks.push(`no packets are captured on the ${role}: ${ssh.user} is not root there`);
    else captures.push({ artifact: ARTIFACTS[role], machine: machines[role], interface: tap });
  }
  if (!root.source) lacks.push("the bytes are not told apart by flow: we are not root on the source");
  const flows = root.source
    ? [
        {
          artifact: ARTIFACT.flowsSource,
          machine: machines.source,
          interface: testbed.hosts.source.migration.interface,
        },
      ]
    : [];
  if (!testbed.switch) lacks.push("there is no managed switch: bytes on the wire come from the hosts' own interfaces");
  return { captures, flows, lacks };
}

async function liveSwitch(spec: NonNullable<HostsTestbed["switch"]>): Promise<NonNullable<LiveTestbed["switch"]>> {
  const address = await switchAddress(spec);
  const ports = await resolvePorts(address, spec.ports);
  return { ...address, ports, sampleEvery: spec.sampleEvery, settle: spec.settle };
}

/** As the file says, otherwise as the interface has them. A family that it has not is empty: whoever needs it refuses the plan. */
async function ownAddresses(
  machine: Machine,
  { interface: device, ipv4, ipv6 }: Attachment,
): Promise<LiveTestbed["benchmarkAddress"]> {
  const link = (await linksOf(machine)).find(({ ifname }) => ifname === device);
  const found = (family: string): string =>
    link?.addr_info.find((one) => one.family === family && one.scope === "global")?.local ?? "";
  return { ipv4: ipv4 ?? found("inet"), ipv6: ipv6 ?? found("inet6") };
}

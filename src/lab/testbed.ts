/** The lab as a testbed that a trial can use; for a process on the lab's benchmark server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestImage } from "../guest/image.ts";
import { ARTIFACT } from "../model/artifacts.ts";
import type { VmSpec } from "../model/machines.ts";
import type { LabTestbed } from "../model/testbed.ts";
import { closeShared, type SshTarget, sshMachine } from "../remote/ssh.ts";
import type { LiveTestbed, TestbedFactory } from "../trial/testbed.ts";
import { labDriver } from "./driver.ts";
import { labMachines } from "./machines.ts";
import type { LabState } from "./state.ts";
import { HOSTS, linkName, networksOf, STATIONS } from "./topology.ts";

/** @param accelerator what a guest has really booted under. */
export function labTestbed(
  state: LabState,
  testbed: LabTestbed,
  image: GuestImage,
  accelerator: "kvm" | "tcg",
): TestbedFactory {
  const machines = labMachines(state);
  const driver = labDriver(state, image, accelerator);
  return (vm: VmSpec): LiveTestbed => ({
    vm,
    driver: driver(vm),
    benchmark: machines.benchmark,
    guest: sshMachine(vm.name, guestAccess(state, image, vm)),
    dropGuestConnection: () => closeShared(guestAccess(state, image, vm)),
    guestDirectory: "/data",
    benchmarkAddress: {
      ipv4: state.machines.benchmark.service.ipv4,
      ipv6: state.machines.benchmark.service.ipv6,
    },
    captures: [
      {
        artifact: ARTIFACT.captureBenchmark,
        machine: machines.benchmark,
        interface: state.machines.benchmark.service.link,
      },
      { artifact: ARTIFACT.captureSource, machine: machines.source, interface: state.machines.source.tap },
      {
        artifact: ARTIFACT.captureDestination,
        machine: machines.destination,
        interface: state.machines.destination.tap,
      },
    ],
    flows: [
      {
        artifact: ARTIFACT.flowsSource,
        machine: machines.source,
        interface: linkName("migration"),
      },
    ],
    interfaces: STATIONS.flatMap((host) =>
      networksOf(state.hypervisor, host).map((network) => ({
        host,
        network,
        interface: linkName(network),
        machine: machines[host],
      })),
    ),
    switch: {
      ...state.snmp,
      ports: state.ports,
      sampleEvery: testbed.switch.sampleEvery,
      settle: testbed.switch.settle,
    },
    clockOffsets: async () =>
      HOSTS.map((host) => ({
        host,
        offset: 0,
        uncertainty: 0,
        how: "all machines of the lab share one kernel and its clocks",
      })),
  });
}

const guestAccess = (state: LabState, image: GuestImage, vm: VmSpec): SshTarget => ({
  host: vm.ipv4.split("/")[0]!,
  user: "root",
  keyFile: image.sshKey,
  knownHostsFile: knownHosts(state, image),
  controlPath: join(state.directory, "vm", "ssh"),
  // A guest whose only vCPU is busy needs seconds for a key exchange under emulation.
  connectTimeout: 15,
});

/** The guest's host key was made with its image: a guest that shows another is not ours. */
function knownHosts(state: LabState, image: GuestImage): string {
  const file = join(state.directory, "vm", "known_hosts");
  mkdirSync(join(state.directory, "vm"), { recursive: true });
  writeFileSync(file, `* ${image.hostKeyLine}\n`);
  return file;
}

/** Building a lab. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import type { HostRole } from "../model/machines.ts";
import { LabTestbed } from "../model/testbed.ts";
import { labDirectory } from "./directory.ts";
import { removeLab } from "./down.ts";
import { type BareLab, startInit } from "./init.ts";
import { furnishLibvirt, libvirtState, requireRoot } from "./libvirt.ts";
import { lockLab } from "./lock.ts";
import { requireMode } from "./mode.ts";
import { buildNetwork, requireNetem } from "./network.ts";
import { type LabState, writeLabState } from "./state.ts";
import { type LabStatus, labStatus } from "./status.ts";
import { startAgent } from "./switch.ts";
import {
  addressedInterface,
  cables,
  HOST_BRIDGE,
  HOST_TAP,
  ipv4,
  ipv6,
  linkName,
  type NetworkName,
  portName,
  SNMP_ADDRESS,
  SNMP_PORT,
  type Station,
} from "./topology.ts";
import { requireReachable } from "./vm-address.ts";

export interface LabUpOptions {
  /** Told in a few words what is being done. */
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Brings the testbed's lab up. A healthy lab with the same links is returned as it is; a broken one, or one with other
 * links that nobody uses, is built anew.
 *
 * @throws MigrascopeError CONFIG_INVALID when the VM's addresses are not the lab's; PRIVILEGE_MISSING with what is needed; KERNEL_LACKS when a link needs netem; LAB_BUSY when the
 * links differ and a measurement is running in the lab; CANCELLED. Whatever is thrown, nothing half-made is left.
 */
export async function labUp(testbed: LabTestbed, options: LabUpOptions = {}): Promise<LabState> {
  requireReachable(testbed.vm, testbed.hypervisor);
  const directory = labDirectory(testbed.name);
  using lock = await lockLab(directory);
  const status = labStatus(testbed.name);
  const differs = status.state ? difference(status.state, testbed) : undefined;
  if (status.health === "healthy" && !differs) return status.state!;
  if (status.health !== "absent") {
    refuseIfUsed(status, differs);
    options.onStep?.(`removing the lab that was there: ${[...status.problems, differs].filter(Boolean).join(", ")}`);
    await removeLab(directory);
  }
  try {
    return await build(testbed, directory, options);
  } catch (error) {
    await removeLab(directory);
    lock.remove();
    throw error;
  }
}

async function build(testbed: LabTestbed, directory: string, { onStep, signal }: LabUpOptions): Promise<LabState> {
  const step = (what: string): void => {
    if (signal?.aborted) throw new MigrascopeError("CANCELLED", "the lab was not built", { where: directory });
    onStep?.(what);
  };
  step("checking what this user may do");
  requireRoot(testbed.hypervisor);
  const mode = await requireMode();
  step(mode === "root" ? "starting the machines, as root" : "starting the machines, in a user namespace");
  await mkdir(join(directory, "shared"), { recursive: true, mode: 0o700 });
  const lab = await startInit(directory, mode, testbed.hypervisor);
  await requireNetem(lab, testbed.links);
  step("connecting them");
  await buildNetwork(lab, testbed.links);
  step("starting the switch's SNMP agent");
  await startAgent(lab, testbed.switch.community);
  if (testbed.hypervisor === "libvirt") await furnishLibvirt(lab, step);
  const state = stateOf(testbed, lab);
  writeLabState(state);
  return state;
}

/** A lab in use is never pulled away from under a measurement. */
function refuseIfUsed(status: LabStatus, differs: string | undefined): void {
  if (status.guests.length === 0 || !differs || status.health === "broken") return;
  throw new MigrascopeError("LAB_BUSY", `${differs}, and ${status.guests.length} processes are using the lab`, {
    where: status.directory,
  });
}

const asked = (links: LabTestbed["links"]): string => JSON.stringify(z.encode(LabTestbed.shape.links, links));

/** What the running lab was built with otherwise than asked now. */
function difference(state: LabState, testbed: LabTestbed): string | undefined {
  if (state.hypervisor !== testbed.hypervisor) return `it was built for ${state.hypervisor}`;
  if (asked(state.links) !== asked(testbed.links)) return "its links were built with other settings";
  if (state.snmp.community !== testbed.switch.community) return "its switch has another SNMP community";
  return undefined;
}

const attachment = (network: NetworkName, station: Station): LabState["machines"]["benchmark"]["service"] => ({
  link: linkName(network),
  interface: addressedInterface(network, station),
  port: portName(network, station),
  ipv4: ipv4(network, station),
  ipv6: ipv6(network, station),
});

function stateOf(testbed: LabTestbed, lab: BareLab): LabState {
  const { hypervisor } = testbed;
  const withNas = hypervisor === "libvirt";
  const station = (name: "benchmark" | HostRole): LabState["machines"]["benchmark"] => ({
    pid: lab.machines[name],
    hostname: name,
    service: attachment("service", name),
    migration: attachment("migration", name),
  });
  const host = (name: HostRole): LabState["machines"]["source"] => ({
    ...station(name),
    ...(withNas && { storage: attachment("storage", name) }),
    bridge: HOST_BRIDGE,
    tap: HOST_TAP,
  });
  return {
    schema: "migrascope-lab/1",
    name: testbed.name,
    directory: lab.directory,
    mode: lab.mode,
    hypervisor,
    created: new Date().toISOString(),
    init: lab.init,
    machines: {
      benchmark: station("benchmark"),
      source: host("source"),
      destination: host("destination"),
      switch: { pid: lab.machines.switch, hostname: "switch" },
      ...(lab.machines.nas !== undefined && {
        nas: {
          pid: lab.machines.nas,
          hostname: "nas",
          service: attachment("service", "nas"),
          storage: attachment("storage", "nas"),
        },
      }),
    },
    ports: Object.fromEntries(
      cables(hypervisor).map(({ network, station: name }) => [`${network}.${name}`, portName(network, name)]),
    ),
    snmp: { address: SNMP_ADDRESS, port: SNMP_PORT, community: testbed.switch.community },
    links: testbed.links,
    shared: join(lab.directory, "shared"),
    ...(withNas && libvirtState(lab.directory)),
  };
}

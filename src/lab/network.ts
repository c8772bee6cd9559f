/** The lab's cables, bridges and addresses: which commands run on which machine. */
import type { LabTestbed } from "../model/testbed.ts";
import { type BareLab, runOn } from "./init.ts";
import { NETEM_TRIAL, netemMissing, shapingCommands, wantsNetem } from "./shaping.ts";
import {
  addressedInterface,
  cables,
  HOST_BRIDGE,
  HOST_TAP,
  ipv4,
  ipv6,
  isHost,
  type LabHypervisor,
  type LabMachineName,
  linkName,
  macAddress,
  type NetworkName,
  networksOf,
  type PerMachine,
  PREFIX,
  portName,
  SNMP_ADDRESS,
  type Station,
  stationsOf,
} from "./topology.ts";

type Links = LabTestbed["links"];

/** What one machine is made of. All pure text, in the order in which it is applied. */
export interface MachineNetwork {
  /** Kernel settings, path below /proc/sys to value. Before anything else: new interfaces inherit them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Lines for `ip -batch`. */
  readonly interfaces: readonly string[];
  /** Interfaces that must not pretend to send packets larger than the wire's. */
  readonly plain: readonly string[];
  /** Lines for `tc -batch`. */
  readonly shaping: readonly string[];
}

/** Neighbours are usable at once, and nobody talks of his own accord. */
const QUIET = {
  "net/ipv6/conf/all/accept_dad": "0",
  "net/ipv6/conf/default/accept_dad": "0",
  "net/ipv6/conf/default/dad_transmits": "0",
  "net/ipv6/conf/default/accept_ra": "0",
  "net/ipv6/conf/default/router_solicitations": "0",
} as const;

const BRIDGE_OPTIONS = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0";

/** The machine's end of a cable; the switch's end was made with it. */
function cableEnd(network: NetworkName, station: Station): string[] {
  const link = linkName(network);
  const holder = addressedInterface(network, station);
  return [
    ...(holder === link ? [] : [`link set ${link} master ${holder}`]),
    `link set ${link} up`,
    `addr add ${ipv4(network, station)}/${PREFIX.ipv4} dev ${holder}`,
    `addr add ${ipv6(network, station)}/${PREFIX.ipv6} dev ${holder} nodad`,
  ];
}

/** The commands of one of the machines with cables. */
export function stationNetwork(station: Station, links: Links, hypervisor: LabHypervisor): MachineNetwork {
  const networks = networksOf(hypervisor, station);
  // The tap is there before and after the VM: libvirt leaves alone what it did not make, and captures outlive the migration.
  const bridge = isHost(station)
    ? [
        // Given its address, the bridge does not change it when the tap joins.
        `link add ${HOST_BRIDGE} address ${macAddress("service", station, "machine")} ${BRIDGE_OPTIONS}`,
        `tuntap add dev ${HOST_TAP} mode tap`,
        `link set ${HOST_TAP} master ${HOST_BRIDGE} addrgenmode none up`,
        `link set ${linkName("service")} addrgenmode none`,
        `link set ${HOST_BRIDGE} up`,
      ]
    : [];
  return {
    settings: QUIET,
    interfaces: ["link set lo up", ...bridge, ...networks.flatMap((network) => cableEnd(network, station))],
    plain: [...networks.map(linkName), ...(isHost(station) ? [HOST_BRIDGE, HOST_TAP] : [])],
    shaping: networks.flatMap((network) => shapingCommands(linkName(network), links[network], "machine")),
  };
}

/** The switch's commands. @param pids of the machines at the other ends, inside the lab. */
export function switchNetwork(links: Links, hypervisor: LabHypervisor, pids: PerMachine<number>): MachineNetwork {
  const ports = cables(hypervisor);
  const networks = networksOf(hypervisor);
  return {
    // A switch forwards; only its management address speaks, and that is IPv4.
    settings: { ...QUIET, "net/ipv6/conf/all/disable_ipv6": "1", "net/ipv6/conf/default/disable_ipv6": "1" },
    interfaces: [
      "link set lo up",
      ...networks.map((network) => `link add ${network} ${BRIDGE_OPTIONS}`),
      ...ports.flatMap(({ network, station }) => [
        `link add ${portName(network, station)} address ${macAddress(network, station, "switch")} type veth peer name ${linkName(network)} address ${macAddress(network, station, "machine")} netns ${pids[station]}`,
        `link set ${portName(network, station)} master ${network} up`,
      ]),
      ...networks.map((network) => `link set ${network} up`),
      `addr add ${SNMP_ADDRESS}/${PREFIX.ipv4} dev migration`,
    ],
    plain: ports.map(({ network, station }) => portName(network, station)),
    shaping: ports.flatMap(({ network, station }) =>
      shapingCommands(portName(network, station), links[network], "switch"),
    ),
  };
}

/** @throws MigrascopeError KERNEL_LACKS when a link asks for netem and there is none. */
export async function requireNetem(lab: BareLab, links: Links): Promise<void> {
  const wanting = networksOf(lab.hypervisor).filter((network) => wantsNetem(links[network]));
  if (wanting.length === 0) return;
  try {
    await runOn(lab, "benchmark", NETEM_TRIAL);
    await runOn(lab, "benchmark", ["tc", "qdisc", "del", "dev", "lo", "root"]);
  } catch (error) {
    throw netemMissing(`delay or loss on the ${wanting.join(" and the ")} network`, error);
  }
}

/** Builds the whole network. @throws MigrascopeError COMMAND_FAILED naming machine and command. */
export async function buildNetwork(lab: BareLab, links: Links): Promise<void> {
  const { hypervisor } = lab;
  const stations = stationsOf(hypervisor).map(
    (station) => [station, stationNetwork(station, links, hypervisor)] as const,
  );
  // Settings come first everywhere, then the switch with all the cables, then what hangs on them.
  for (const [station, network] of stations) await applySettings(lab, station, network);
  const theSwitch = switchNetwork(links, hypervisor, lab.machines);
  await applySettings(lab, "switch", theSwitch);
  await applyInterfaces(lab, "switch", theSwitch);
  for (const [station, network] of stations) await applyInterfaces(lab, station, network);
}

async function applySettings(lab: BareLab, machine: LabMachineName, network: MachineNetwork): Promise<void> {
  const script = Object.entries(network.settings).map(([path, value]) => `echo ${value} >/proc/sys/${path}\n`);
  await runOn(lab, machine, ["sh", "-eu"], { input: script.join("") });
}

async function applyInterfaces(lab: BareLab, machine: LabMachineName, network: MachineNetwork): Promise<void> {
  await runOn(lab, machine, ["ip", "-batch", "-"], { input: `${network.interfaces.join("\n")}\n` });
  for (const device of network.plain)
    await runOn(lab, machine, ["ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off"]);
  await runOn(lab, machine, ["tc", "-batch", "-"], { input: `${network.shaping.join("\n")}\n` });
}

/** The interfaces that each machine must have, for whoever checks that it still does. */
export const expectedInterfaces = (machine: LabMachineName, hypervisor: LabHypervisor): readonly string[] =>
  machine === "switch"
    ? [...networksOf(hypervisor), ...cables(hypervisor).map(({ network, station }) => portName(network, station))]
    : [...networksOf(hypervisor, machine).map(linkName), ...(isHost(machine) ? [HOST_BRIDGE, HOST_TAP] : [])];

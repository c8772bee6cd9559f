/** Who is where in the lab (the table in ARCHITECTURE.md). */
import type { HostRole } from "../model/machines.ts";
import type { LabTestbed } from "../model/testbed.ts";

export type LabHypervisor = LabTestbed["hypervisor"];
export type NetworkName = "service" | "migration" | "storage";
/** The machines that have a cable to the switch. The NAS is there only with libvirt. */
export type Station = "benchmark" | HostRole | "nas";
export type LabMachineName = Station | "switch";

/** One thing per machine; the NAS has one only where there is a NAS. */
export type PerMachine<T> = Readonly<Record<Exclude<LabMachineName, "nas">, T>> & { readonly nas?: T };

export interface Cable {
  readonly network: NetworkName;
  readonly station: Station;
}

/** In every lab. */
export const STATIONS = ["benchmark", "source", "destination"] as const satisfies readonly Station[];
export const HOSTS = ["source", "destination"] as const satisfies readonly HostRole[];
/** In every lab. */
export const NETWORKS = ["service", "migration"] as const satisfies readonly NetworkName[];

const BASE: readonly Cable[] = NETWORKS.flatMap((network) => STATIONS.map((station) => ({ network, station })));
const WITH_NAS: readonly Cable[] = [
  { network: "service", station: "nas" },
  ...([...HOSTS, "nas"] as const).map((station) => ({ network: "storage" as const, station })),
];

/** Every cable of the lab. */
export const cables = (hypervisor: LabHypervisor): readonly Cable[] =>
  hypervisor === "libvirt" ? [...BASE, ...WITH_NAS] : BASE;
export const stationsOf = (hypervisor: LabHypervisor): readonly Station[] => [
  ...new Set(cables(hypervisor).map(({ station }) => station)),
];
/** @param station only those that it has a cable to. */
export const networksOf = (hypervisor: LabHypervisor, station?: Station): readonly NetworkName[] => [
  ...new Set(
    cables(hypervisor)
      .filter((cable) => station === undefined || cable.station === station)
      .map(({ network }) => network),
  ),
];
export const isHost = (machine: LabMachineName): machine is HostRole => HOSTS.some((host) => host === machine);

const NET = { service: 1, migration: 2, storage: 3 } as const;
const SHORT = { service: "svc", migration: "mig", storage: "sto" } as const;
const STATION = { benchmark: 1, source: 11, destination: 12, nas: 13 } as const;

/** The bridge on a host that joins its service interface and the VM's tap. */
export const HOST_BRIDGE = "br0";
/** The VM's tap on a host. */
export const HOST_TAP = "vm0";
export const SNMP_ADDRESS = "10.77.2.2";
export const SNMP_PORT = 161;
export const PREFIX = { ipv4: 24, ipv6: 64 } as const;

/** The machine's end of its cable. */
export const linkName = (network: NetworkName): string => `${SHORT[network]}0`;
/** The switch's end of it. */
export const portName = (network: NetworkName, station: Station): string => `${SHORT[network]}-${station}`;
/** The interface that carries the machine's addresses. */
export const addressedInterface = (network: NetworkName, station: Station): string =>
  network === "service" && isHost(station) ? HOST_BRIDGE : linkName(network);

export const ipv4 = (network: NetworkName, station: Station): string => `10.77.${NET[network]}.${STATION[station]}`;
export const ipv6 = (network: NetworkName, station: Station): string => `fd77:${NET[network]}::${STATION[station]}`;

/** Fixed hardware addresses: the same lab gives the same captures. Locally administered, "M" "S", network, station, end. */
export const macAddress = (network: NetworkName, station: Station, end: "machine" | "switch"): string =>
  ["02", "4d", "53", NET[network], STATION[station], end === "machine" ? 0 : 1]
    .map((part) => (typeof part === "number" ? part.toString(16).padStart(2, "0") : part))
    .join(":");

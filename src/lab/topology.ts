/** Who is where in the lab (the table in ARCHITECTURE.md). */
import type { HostRole } from "../model/testbed.ts";

export type NetworkName = "service" | "migration";
/** The machines that have a cable to the switch. */
export type Station = "benchmark" | HostRole;
export type LabMachineName = Station | "switch";

export const STATIONS = ["benchmark", "source", "destination"] as const satisfies readonly Station[];
export const HOSTS = ["source", "destination"] as const satisfies readonly HostRole[];
export const NETWORKS = ["service", "migration"] as const satisfies readonly NetworkName[];

const NET = { service: 1, migration: 2 } as const;
const STATION = { benchmark: 1, source: 11, destination: 12 } as const;

/** The bridge on a host that joins its service interface and the VM's tap. */
export const HOST_BRIDGE = "br0";
/** The VM's tap on a host. */
export const HOST_TAP = "vm0";
export const SNMP_ADDRESS = "10.77.2.2";
export const SNMP_PORT = 161;
export const PREFIX = { ipv4: 24, ipv6: 64 } as const;

/** The machine's end of its cable. */
export const linkName = (network: NetworkName): string => (network === "service" ? "svc0" : "mig0");
/** The switch's end of it. */
export const portName = (network: NetworkName, station: Station): string =>
  `${network === "service" ? "svc" : "mig"}-${station}`;
/** The interface that carries the machine's addresses. */
export const addressedInterface = (network: NetworkName, station: Station): string =>
  network === "service" && station !== "benchmark" ? HOST_BRIDGE : linkName(network);

export const ipv4 = (network: NetworkName, station: Station): string => `10.77.${NET[network]}.${STATION[station]}`;
export const ipv6 = (network: NetworkName, station: Station): string => `fd77:${NET[network]}::${STATION[station]}`;

/** Fixed hardware addresses: the same lab gives the same captures. Locally administered, "M" "S", network, station, end. */
export const macAddress = (network: NetworkName, station: Station, end: "machine" | "switch"): string =>
  ["02", "4d", "53", NET[network], STATION[station], end === "machine" ? 0 : 1]
    .map((part) => (typeof part === "number" ? part.toString(16).padStart(2, "0") : part))
    .join(":");

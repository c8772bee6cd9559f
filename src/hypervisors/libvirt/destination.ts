/** Where a migration goes, as `virsh migrate` is told. */
import { isIPv6 } from "node:net";
import { MigrascopeError } from "../../model/errors.ts";
import type { MigrationKind } from "../../model/movement.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { Machine } from "../../remote/machine.ts";
import type { LibvirtHost } from "./host.ts";

/** The ports that libvirt takes for migrations by default, and that firewalls of its hosts let through. */
const FIRST_PORT = 49152;
const LAST_PORT = 49215;

/** Which connections carry what: the destination's ports. */
export interface Ports {
  readonly memory: number;
  readonly disk: number;
}

/**
 * Two ports on which nobody listens. Known ports tell in a count of the wire which bytes were memory and which were disk.
 * @throws MigrascopeError HYPERVISOR_REFUSED when there are not two, COMMAND_FAILED.
 */
export async function freePorts(machine: Machine): Promise<Ports> {
  const { stdout } = await machine.run(["ss", "--no-header", "--listening", "--tcp", "--numeric"]);
  const [memory, disk] = freeAmong(stdout);
  if (memory !== undefined && disk !== undefined) return { memory, disk };
  throw new MigrascopeError("HYPERVISOR_REFUSED", `no two ports from ${FIRST_PORT} to ${LAST_PORT} are free`, {
    where: machine.name,
  });
}

/** Reads the answer of ss(8). */
export function freeAmong(listening: string): number[] {
  const taken = new Set([...listening.matchAll(/:(\d+)\s/gu)].map((match) => Number(match[1])));
  return Array.from({ length: LAST_PORT - FIRST_PORT + 1 }, (_, index) => FIRST_PORT + index).filter(
    (port) => !taken.has(port),
  );
}

/** The destination's address on the migration network. @throws MigrascopeError SETTING_UNSUPPORTED when it has none of the family. */
export function addressOf(host: LibvirtHost, settings: MigrationSettings): string {
  const { ipv4, ipv6 } = host.migrationAddress;
  const address = settings.family === undefined ? (ipv4 ?? ipv6) : host.migrationAddress[settings.family];
  if (address !== undefined) return address;
  throw new MigrascopeError(
    "SETTING_UNSUPPORTED",
    `it has no ${settings.family ?? "IP"} address on the migration network`,
    { where: host.machine.name },
  );
}

/** Options and arguments of `virsh migrate` that say where to and what. */
export function destinationOptions(options: {
  readonly domain: string;
  readonly to: LibvirtHost;
  readonly settings: MigrationSettings;
  readonly kind: MigrationKind;
  readonly ports: Ports;
}): string[] {
  const { domain, to, settings, kind, ports } = options;
  const address = addressOf(to, settings);
  const uriOf = (port: number): string => `tcp://${isIPv6(address) ? `[${address}]` : address}:${port}`;
  // Not --disks-port: libvirt 9.0 reserves such a port and never gives it back.
  const disks = ["--disks-uri", uriOf(ports.disk)];
  const storage = {
    storage: ["--copy-storage-all", ...disks],
    "storage-incremental": ["--copy-storage-inc", ...disks],
    memory: [],
    "storage-then-memory": [],
    cold: [],
  }[kind];
  // A tunnelled migration has no connection of its own.
  const uri = settings.transport === "ssh" ? [] : ["--migrateuri", uriOf(ports.memory)];
  return [
    "--live",
    "--persistent",
    "--undefinesource",
    ...(settings.path === "direct" ? [] : ["--p2p"]),
    ...storage,
    ...uri,
    "--domain",
    domain,
    "--desturi",
    to.peer,
  ];
}

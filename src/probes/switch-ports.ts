/** The switch's ports: all of them with their counters, and which one a machine hangs on. */
import snmp from "net-snmp";
import { MigrascopeError } from "../model/errors.ts";
import type { PortSpec } from "../model/hosts.ts";
import {
  IF_HC_IN_OCTETS,
  IF_HC_OUT_OCTETS,
  IF_IN_OCTETS,
  IF_NAME,
  IF_OUT_OCTETS,
  octets,
  type SwitchAddress,
  switchSession,
} from "./snmp.ts";

/** IF-MIB (RFC 2863). */
const IF_PHYS_ADDRESS = "1.3.6.1.2.1.2.2.1.6";
/** BRIDGE-MIB (RFC 4188): hardware address → bridge port, and bridge port → interface. */
const FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2";
const BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2";
/** Q-BRIDGE-MIB (RFC 4363): the same for each VLAN, its number before the hardware address. */
const VLAN_FDB_PORT = "1.3.6.1.2.1.17.7.1.2.2.1.2";
const ROWS_PER_REQUEST = 20;

/** Octets in the switch's directions: `in` came from the port's machine. */
export interface PortOctets {
  readonly name: string;
  readonly in: bigint;
  readonly out: bigint;
}

/** One conversation with a switch about all of its ports. */
export class SwitchPorts implements Disposable {
  readonly #session: ReturnType<typeof switchSession>;
  readonly #where: string;
  #names: ReadonlyMap<string, string> | undefined;

  constructor(target: SwitchAddress) {
    this.#where = `${target.address}:${target.port}`;
    this.#session = switchSession(target);
  }

  /** Index of each interface → its name. @throws MigrascopeError SNMP_SILENT */
  async names(): Promise<ReadonlyMap<string, string>> {
    this.#names ??= new Map([...(await this.#column(IF_NAME))].map(([index, value]) => [index, String(value)]));
    return this.#names;
  }

  /** @throws MigrascopeError SNMP_SILENT */
  async read(): Promise<readonly PortOctets[]> {
    const names = await this.names();
    const wide = await this.#column(IF_HC_IN_OCTETS);
    const ins = wide.size > 0 ? wide : await this.#column(IF_IN_OCTETS);
    const outs = await this.#column(wide.size > 0 ? IF_HC_OUT_OCTETS : IF_OUT_OCTETS);
    return [...names].flatMap(([index, name]) => {
      const [received, sent] = [ins.get(index), outs.get(index)];
      return received === undefined || sent === undefined
        ? []
        : [{ name, in: BigInt(octets(received)), out: BigInt(octets(sent)) }];
    });
  }

  /**
   * The port's name. By hardware address: the port behind which the switch has learned it, or the one whose own it is.
   * @throws MigrascopeError SNMP_SILENT, also when the switch knows no such port.
   */
  async find(spec: PortSpec): Promise<string> {
    const names = await this.names();
    if ("name" in spec) {
      if ([...names.values()].includes(spec.name)) return spec.name;
      throw this.#unknown(`the switch has no port "${spec.name}"; it names: ${[...names.values()].join(", ")}`);
    }
    const index = (await this.#learned(spec.mac)) ?? (await this.#own(spec.mac));
    const name = index === undefined ? undefined : names.get(index);
    if (name !== undefined) return name;
    throw this.#unknown(
      `the switch has not learned ${spec.mac} on any port: let that machine send something, or give the port's name`,
    );
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }

  /** The interface's index. Port 0 is the table's word for "not known". */
  async #learned(mac: string): Promise<string | undefined> {
    const suffix = mac
      .split(":")
      .map((part) => Number.parseInt(part, 16))
      .join(".");
    for (const table of [FDB_PORT, VLAN_FDB_PORT]) {
      const rows = await this.#column(table);
      const row = [...rows].find(([key, port]) => (key === suffix || key.endsWith(`.${suffix}`)) && Number(port) !== 0);
      if (row) return String((await this.#column(BASE_PORT_IF_INDEX)).get(String(row[1])) ?? row[1]);
    }
    return undefined;
  }

  async #own(mac: string): Promise<string | undefined> {
    const wanted = mac.replaceAll(":", "");
    const addresses = await this.#column(IF_PHYS_ADDRESS);
    return [...addresses].find(([, value]) => Buffer.isBuffer(value) && value.toString("hex") === wanted)?.[0];
  }

  /** A column of a table: what follows its identifier → value. Empty when the agent does not have it. */
  #column(oid: string): Promise<Map<string, unknown>> {
    const rows = new Map<string, unknown>();
    return new Promise((resolve, reject) => {
      // Told to stop by an answer that came before: some agents go round in circles.
      const feed = (varbinds: { oid: string; value?: unknown }[]): boolean => {
        const before = rows.size;
        for (const { oid: each, value } of varbinds) rows.set(each.slice(oid.length + 1), value);
        return rows.size === before;
      };
      this.#session.subtree(oid, ROWS_PER_REQUEST, feed as never, (error) =>
        error && !(error instanceof snmp.RequestFailedError)
          ? reject(this.#unknown(`the switch's SNMP agent did not answer: ${error.message}`, error))
          : resolve(rows),
      );
    });
  }

  #unknown(message: string, cause?: Error): MigrascopeError {
    return new MigrascopeError("SNMP_SILENT", message, { where: this.#where, cause });
  }
}

/** Role of each port → its name on the switch. @throws MigrascopeError SNMP_SILENT */
export async function resolvePorts(
  target: SwitchAddress,
  ports: Readonly<Record<string, PortSpec>>,
): Promise<Record<string, string>> {
  using conversation = new SwitchPorts(target);
  const found: Record<string, string> = {};
  for (const [role, spec] of Object.entries(ports)) found[role] = await conversation.find(spec);
  return found;
}

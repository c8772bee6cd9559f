/** The managed switch's octet counters over SNMP v2c (IF-MIB, RFC 2863). */
import snmp from "net-snmp";
import type { CounterReading } from "../model/artifacts.ts";
import { MigrascopeError } from "../model/errors.ts";

/** Columns of IF-MIB. */
export const IF_NAME = "1.3.6.1.2.1.31.1.1.1.1";
export const IF_HC_IN_OCTETS = "1.3.6.1.2.1.31.1.1.1.6";
export const IF_HC_OUT_OCTETS = "1.3.6.1.2.1.31.1.1.1.10";
export const IF_IN_OCTETS = "1.3.6.1.2.1.2.2.1.10";
export const IF_OUT_OCTETS = "1.3.6.1.2.1.2.2.1.16";
/** Milliseconds until a request is repeated; there are two repeats. */
const REQUEST_TIMEOUT = 1500;

export interface SwitchAddress {
  readonly address: string;
  readonly port: number;
  readonly community: string;
}

/** A session that the caller closes; until then it keeps the process alive. */
export function switchSession({ address, port, community }: SwitchAddress): ReturnType<typeof snmp.createSession> {
  const session = snmp.createSession(address, community, {
    port,
    version: snmp.Version2c,
    timeout: REQUEST_TIMEOUT,
    retries: 2,
    transport: address.includes(":") ? "udp6" : "udp4",
  });
  // Errors of the socket reach every request; without a listener they would end the process.
  session.on("error", () => {});
  return session;
}

/** In decimal. Counter64 arrives as a big-endian Buffer of 1 to 9 bytes, Counter32 as a number. */
export const octets = (value: unknown): string =>
  Buffer.isBuffer(value) ? BigInt(`0x${value.toString("hex") || "0"}`).toString() : String(value);

type Varbind = { oid: string; type?: number; value?: unknown };

/** A session with one switch, for the ports named. */
export class SwitchCounters {
  readonly #session: ReturnType<typeof snmp.createSession>;
  readonly #where: string;
  readonly #names: readonly string[];
  #ports: readonly { name: string; index: string; width: 32 | 64 }[] | undefined;

  constructor(target: SwitchAddress, portNames: readonly string[]) {
    this.#where = `${target.address}:${target.port}`;
    this.#names = portNames;
    this.#session = switchSession(target);
  }

  /** Octets of every port, as the agent has them now. @throws MigrascopeError SNMP_SILENT, also for ports it does not know. */
  async read(): Promise<CounterReading["ports"]> {
    this.#ports ??= await this.#findPorts();
    const ports = this.#ports;
    const oids = ports.flatMap(({ index, width }) =>
      width === 64
        ? [`${IF_HC_IN_OCTETS}.${index}`, `${IF_HC_OUT_OCTETS}.${index}`]
        : [`${IF_IN_OCTETS}.${index}`, `${IF_OUT_OCTETS}.${index}`],
    );
    const values = await this.#get(oids);
    return ports.map(({ name, width }, at) => ({
      name,
      width,
      inOctets: this.#octets(values[2 * at]!, name),
      outOctets: this.#octets(values[2 * at + 1]!, name),
    }));
  }

  close(): void {
    this.#session.close();
  }

  async #findPorts(): Promise<readonly { name: string; index: string; width: 32 | 64 }[]> {
    const indexes = new Map<string, string>();
    await new Promise<void>((resolve, reject) => {
      const feed = (varbinds: Varbind[]): void => {
        for (const { oid, value } of varbinds) indexes.set(String(value), oid.slice(IF_NAME.length + 1));
      };
      this.#session.subtree(IF_NAME, 20, feed as never, (error) => (error ? reject(this.#silent(error)) : resolve()));
    });
    const ports = [];
    for (const name of this.#names) {
      const index = indexes.get(name);
      if (index === undefined) {
        const known = [...indexes.keys()].join(", ");
        throw new MigrascopeError("SNMP_SILENT", `the switch has no port "${name}"; it names: ${known}`, {
          where: this.#where,
        });
      }
      const [wide] = await this.#get([`${IF_HC_IN_OCTETS}.${index}`]);
      ports.push({ name, index, width: wide && !snmp.isVarbindError(wide as never) ? (64 as const) : (32 as const) });
    }
    return ports;
  }

  #get(oids: string[]): Promise<Varbind[]> {
    return new Promise((resolve, reject) => {
      this.#session.get(oids, (error, varbinds) =>
        error ? reject(this.#silent(error)) : resolve((varbinds ?? []) as Varbind[]),
      );
    });
  }

  #octets(varbind: Varbind, port: string): string {
    if (snmp.isVarbindError(varbind as never)) {
      throw new MigrascopeError(
        "SNMP_SILENT",
        `no octet counter for port "${port}": ${snmp.varbindError(varbind as never)}`,
        { where: this.#where },
      );
    }
    return octets(varbind.value);
  }

  #silent(error: Error): MigrascopeError {
    return new MigrascopeError("SNMP_SILENT", `the switch's SNMP agent did not answer: ${error.message}`, {
      where: this.#where,
      cause: error,
    });
  }
}

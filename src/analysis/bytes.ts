/** The bytes of a pass: every switch port and direction, and what the hosts' own interfaces say of the same. */
import type { CounterReading, InterfaceReading } from "../model/artifacts.ts";
import type { Measurement, PortBytes } from "../model/result.ts";
import { type CounterOptions, type Tick, type Traffic, trafficOf } from "./counters.ts";
import { disagreementOf, sameFrames, wireBytesFor } from "./overhead.ts";
import { orNull, Unknown } from "./unknown.ts";

export interface ByteInputs {
  /** Role of each port → its name on the switch. */
  readonly ports: Readonly<Record<string, string>>;
  readonly counters: () => readonly CounterReading[];
  readonly interfaces: () => readonly InterfaceReading[];
  /** Bits per second of each network's links. */
  readonly rates: Readonly<Record<string, number>>;
  /** Seconds that the counters were waited for to stand still. */
  readonly settle: number;
}

const DIRECTIONS = ["in", "out"] as const;
type Direction = (typeof DIRECTIONS)[number];

/** What stands for the name of a port where there is none. */
export const NO_PORT = "no port";

/**
 * One entry per port and direction, in the order of their roles; then what only the hosts' interfaces tell: of the storage
 * network where no port of the switch is in it, of all where there is no switch. Never throws for what the artifacts hold:
 * that is unknown.
 */
export function portBytes(inputs: ByteInputs): PortBytes[] {
  const roles = Object.keys(inputs.ports).sort();
  return [...roles, ...withoutPort(inputs)].flatMap((role) =>
    DIRECTIONS.map((direction) => onePort(inputs, role, direction)),
  );
}

function withoutPort({ ports, interfaces }: ByteInputs): string[] {
  const bare = Object.keys(ports).length === 0;
  const readings = orNull(interfaces) ?? [];
  const roles = readings
    .filter(({ network }) => bare || network === "storage")
    .map(({ network, host }) => `${network}.${host}`);
  return [...new Set(roles)].filter((role) => ports[role] === undefined).sort();
}

function onePort(inputs: ByteInputs, role: string, direction: Direction): PortBytes {
  const port = inputs.ports[role] ?? NO_PORT;
  const source = port === NO_PORT ? "counters.jsonl" : `counters.jsonl, ${port} ${direction}`;
  const counted = attempt(() => switchTraffic(inputs, role, direction));
  const own = attempt(() => interfaceTraffic(inputs, role, direction));
  const bytes = asMeasurement(counted, source, ({ bytes: value }) => value);
  const disagreement =
    "traffic" in counted && "traffic" in own
      ? disagreementOf(counted.traffic.bytes, sameFrames(own.traffic.bytes.value), {
          measured: `port ${port} (${direction})`,
          other: "the host's own interface",
        })
      : undefined;
  return {
    port,
    role,
    direction,
    bytes: "traffic" in counted && !counted.traffic.settled ? { ...bytes, source: `${source}, not settled` } : bytes,
    background: asMeasurement(counted, source, ({ background }) => background),
    hostInterface: asMeasurement(own, "interfaces.jsonl", ({ bytes: value }) => value),
    ...(disagreement === undefined ? {} : { disagreement }),
  };
}

type Attempt = { traffic: Traffic } | { reason: string };

function attempt(compute: () => Traffic): Attempt {
  try {
    return { traffic: compute() };
  } catch (error) {
    if (error instanceof Unknown) return { reason: error.message };
    throw error;
  }
}

function asMeasurement(
  attempted: Attempt,
  source: string,
  pick: (traffic: Traffic) => Traffic["background"],
): Measurement {
  const unknown = (reason: string): Measurement => ({ value: null, unit: "bytes", source, unknown: reason });
  if ("reason" in attempted) return unknown(attempted.reason);
  const counted = pick(attempted.traffic);
  if (counted === null) return unknown("there was no reading before the migration to tell the background from");
  const { value, low, high } = counted;
  return {
    value: Math.round(value),
    unit: "bytes",
    low: Math.floor(low),
    ...(high === null ? {} : { high: Math.ceil(high) }),
    source,
  };
}

/** @throws Unknown when the readings lack the port, or as `trafficOf`. */
export function switchTraffic(inputs: ByteInputs, role: string, direction: Direction): Traffic {
  const port = inputs.ports[role];
  if (port === undefined)
    throw new Unknown(
      Object.keys(inputs.ports).length === 0
        ? "the testbed has no managed switch"
        : `no port of the switch is known as ${role}`,
    );
  const key = direction === "in" ? "inOctets" : "outOctets";
  let width: CounterOptions["width"] = 64;
  const ticks = inputs.counters().flatMap((reading): Tick[] => {
    const entry = reading.ports.find(({ name }) => name === port);
    if (!entry) return [];
    width = entry.width;
    return [
      {
        t: reading.at.mono / 1e6,
        octets: BigInt(entry[key]),
        moment: reading.moment,
        settled: reading.settled && !reading.restless?.includes(port),
      },
    ];
  });
  if (ticks.length === 0) throw new Unknown(`the switch never told of port ${port}`);
  const rate = inputs.rates[role.split(".")[0] ?? ""] ?? null;
  return trafficOf(ticks, { width, rate, age: inputs.settle });
}

/** The same traffic at the other end of the cable: what comes into the switch left the host. Interfaces do not cache. */
export function interfaceTraffic(inputs: ByteInputs, role: string, direction: Direction): Traffic {
  const [network, host] = role.split(".");
  const ticks = inputs
    .interfaces()
    .filter((reading) => reading.network === network && reading.host === host)
    .map((reading): Tick => {
      const octets = BigInt(direction === "in" ? reading.txBytes : reading.rxBytes);
      return { t: reading.at.mono / 1e6, octets, moment: reading.moment, settled: true };
    });
  if (ticks.length === 0) throw new Unknown(`interfaces.jsonl tells nothing of ${role}`);
  return trafficOf(ticks, { width: 64, rate: null, age: 0 });
}

/** What the hypervisor says it sent. Bytes. */
export interface Reported {
  readonly memory: number;
  /** As far as it copied the disk, holes included: what of it was on this network is not said. */
  readonly disk: number;
}

/**
 * Adds to the source's port how far it is from the hypervisor's own count, where that goes beyond the protocol's overhead.
 */
export function flagAgainstReport(ports: readonly PortBytes[], { memory, disk }: Reported): PortBytes[] {
  return ports.map((port) => {
    const { bytes, role, direction } = port;
    if (role !== "migration.source" || direction !== "in" || bytes.value === null) return port;
    const measured = { low: bytes.low ?? bytes.value, high: bytes.high ?? null };
    const expected = { low: memory, high: wireBytesFor(memory + disk).high };
    const finding = disagreementOf(measured, expected, {
      measured: `port ${port.port} (in)`,
      other: "the hypervisor's own count with its protocol's overhead",
    });
    const all = [port.disagreement, finding].filter((text) => text !== undefined);
    return all.length === 0 ? port : { ...port, disagreement: all.join("; ") };
  });
}

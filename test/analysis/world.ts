/** A synthetic world with known outages: writes the probe log that the prober would have written in it. */
import { PROBE_RECORD, type ProbeLog, parseProbes } from "../../src/run/read/probes.ts";

export interface TrueOutage {
  /** Nanoseconds since tick 0. */
  readonly begin: number;
  readonly end: number;
  readonly kind: "loss" | "hold";
}

export interface World {
  readonly interval: number;
  readonly ticks: number;
  readonly outages: readonly TrueOutage[];
  /** Nanoseconds of the way to the VM and back, per tick; FIFO is kept. */
  readonly there: (tick: number) => number;
  readonly back: (tick: number) => number;
  /** Nanoseconds that the prober sends too late; a delay beyond the interval makes it miss ticks. */
  readonly stall?: (tick: number) => number;
  /** Nanoseconds that the wall clock is ahead at a moment, to step it. */
  readonly wallStep?: (mono: number) => number;
}

export const START_MONO = 5_000_000_000_000n;
export const START_WALL = 1_780_000_000_000_000_000n;
export const NONCE = 0x1122334455667788n;

type Row = {
  kind: number;
  flags?: number;
  errno?: number;
  count?: number;
  sequence: number;
  mono: number;
  wall: number;
  scheduled?: number;
};

/** The bytes of a log with these records (nanoseconds since tick 0). */
export function encodeProbes(interval: number, rows: readonly Row[], end = true): Buffer {
  const last = rows.at(-1);
  const all = end
    ? [...rows, { kind: PROBE_RECORD.end, sequence: 0, mono: last?.mono ?? 0, wall: last?.wall ?? 0 }]
    : rows;
  const bytes = Buffer.alloc(64 + all.length * 40);
  bytes.write("MSPROBE1", "latin1");
  bytes.writeUInt32LE(64, 8);
  bytes.writeUInt32LE(40, 12);
  bytes.writeBigInt64LE(BigInt(interval), 16);
  bytes.writeBigUInt64LE(NONCE, 24);
  bytes.writeBigInt64LE(START_MONO, 32);
  bytes.writeBigInt64LE(START_WALL, 40);
  bytes.writeUInt8(4, 48);
  all.forEach((row: Row, i) => {
    const at = 64 + i * 40;
    bytes.writeUInt8(row.kind, at);
    bytes.writeUInt8(row.flags ?? 0, at + 1);
    bytes.writeUInt16LE(row.errno ?? 0, at + 2);
    bytes.writeUInt32LE(row.count ?? 0, at + 4);
    bytes.writeBigUInt64LE(BigInt(row.sequence), at + 8);
    bytes.writeBigInt64LE(row.kind === PROBE_RECORD.departed ? 0n : START_MONO + BigInt(Math.round(row.mono)), at + 16);
    bytes.writeBigInt64LE(START_WALL + BigInt(Math.round(row.wall)), at + 24);
    bytes.writeBigInt64LE(START_MONO + BigInt(Math.round(row.scheduled ?? 0)), at + 32);
  });
  return bytes;
}

/** Runs the world; records appear in the order in which the prober would have written them. */
export function probeBytes(world: World): Buffer {
  const wall = (mono: number): number => mono + (world.wallStep?.(mono) ?? 0);
  const rows: { at: number; row: Row }[] = [];
  let inTime = 0;
  let outTime = 0;
  let free = 0;
  for (let tick = 0; tick < world.ticks; tick++) {
    const scheduled = tick * world.interval;
    const at = Math.max(scheduled + (world.stall?.(tick) ?? 0), free);
    if (at >= scheduled + world.interval) {
      rows.push({ at, row: { kind: PROBE_RECORD.missed, count: 1, sequence: tick, mono: at, wall: wall(at) } });
      free = at;
      continue;
    }
    free = at;
    const departed = at + 2_000;
    rows.push({ at, row: { kind: PROBE_RECORD.sent, sequence: tick, mono: at, wall: wall(at), scheduled } });
    rows.push({ at: departed, row: { kind: PROBE_RECORD.departed, sequence: tick, mono: 0, wall: wall(departed) } });
    inTime = Math.max(inTime, departed + world.there(tick));
    const outage = world.outages.find((o) => inTime >= o.begin && inTime < o.end);
    if (outage?.kind === "loss") continue;
    const left = outage ? outage.end : inTime;
    outTime = Math.max(outTime, left + world.back(tick));
    const read = outTime + 30_000;
    rows.push({ at: read, row: { kind: PROBE_RECORD.reply, sequence: tick, mono: read, wall: wall(outTime) } });
  }
  rows.sort((a, b) => a.at - b.at);
  const linger = world.ticks * world.interval + 1e9;
  const end = { kind: PROBE_RECORD.end, sequence: 0, mono: linger, wall: wall(linger) };
  return encodeProbes(world.interval, [...rows.map((r) => r.row), end], false);
}

export const probeLog = (world: World): ProbeLog => parseProbes(probeBytes(world), "probes.bin");
/** Microseconds of tick 0 on the monotonic clock, plus `seconds`. */
export const originAt = (seconds: number): number => Number(START_MONO / 1000n) + seconds * 1e6;

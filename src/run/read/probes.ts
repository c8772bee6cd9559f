/** Reader of `probes.bin`, the prober's own log. Its format is described in ARCHITECTURE.md. */
import { readFileSync } from "node:fs";
import { MigrascopeError } from "../../model/errors.ts";

const MAGIC = "MSPROBE1";
const HEADER_BYTES = 64;
const RECORD_BYTES = 40;
const NS_PER_S = 1e9;

/** The kinds of records, as numbered in the file. */
export const PROBE_RECORD = {
  sent: 1,
  departed: 2,
  reply: 3,
  missed: 4,
  sendError: 5,
  recordsLost: 6,
  end: 7,
} as const;

/** Bit of `flags`: the kernel gave no timestamp, `wall` is the prober's own. */
export const FLAG_OWN_TIMESTAMP = 1;
/** Bit of a reply's `flags`: it came from another address than the target's. */
export const FLAG_OTHER_ADDRESS = 2;

/**
 * The log as columns, one entry per record in the file's order. Times are nanoseconds since `startMono` or `startWall`:
 * as numbers since 1970 they would not fit a double.
 */
export interface ProbeLog {
  readonly path: string;
  /** Seconds between ticks. */
  readonly interval: number;
  readonly nonce: bigint;
  readonly family: 4 | 6;
  /** Nanoseconds on CLOCK_MONOTONIC and CLOCK_REALTIME of tick 0, read together. */
  readonly startMono: bigint;
  readonly startWall: bigint;
  /** Number of records. */
  readonly length: number;
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  readonly errno: Uint16Array;
  readonly count: Uint32Array;
  readonly sequence: Float64Array;
  readonly mono: Float64Array;
  readonly wall: Float64Array;
  readonly scheduled: Float64Array;
  /** Records that the prober had no room for. */
  readonly recordsLost: number;
  /** No end record: the prober was killed or the disk was full. What is here is good as far as it goes. */
  readonly truncated: boolean;
  /** Bytes of the file that make up whole records and the header. */
  readonly bytes: number;
}

const invalid = (path: string, offset: number, what: string): MigrascopeError =>
  new MigrascopeError("ARTIFACT_INVALID", `${path}, byte ${offset}: ${what}`, { where: path });

/** @throws MigrascopeError FILE_UNREADABLE, ARTIFACT_INVALID with the path and the offset of the first wrong byte. */
export function readProbes(path: string): ProbeLog {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new MigrascopeError("FILE_UNREADABLE", `${path}: ${(cause as Error).message}`, { where: path, cause });
  }
  return parseProbes(bytes, path);
}

/** As `readProbes`, from bytes at hand. `path` is only for messages. */
export function parseProbes(bytes: Uint8Array, path: string): ProbeLog {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = Buffer.from(bytes.subarray(0, MAGIC.length)).toString("latin1");
  if (magic !== MAGIC)
    throw invalid(path, 0, bytes.length < MAGIC.length ? "the file is too short to be a probe log" : "not a probe log");
  if (bytes.length < HEADER_BYTES) throw invalid(path, bytes.length, "the header is cut");
  const headerBytes = view.getUint32(8, true);
  const recordBytes = view.getUint32(12, true);
  if (headerBytes !== HEADER_BYTES || recordBytes !== RECORD_BYTES)
    throw invalid(
      path,
      8,
      `a header of ${headerBytes} bytes and records of ${recordBytes}: this version reads ${HEADER_BYTES} and ${RECORD_BYTES}`,
    );
  const interval = view.getBigInt64(16, true);
  if (interval <= 0n) throw invalid(path, 16, `the interval is ${interval} ns`);
  const family = view.getUint8(48);
  if (family !== 4 && family !== 6) throw invalid(path, 48, `the address family is ${family}`);

  const header = {
    path,
    interval: Number(interval) / NS_PER_S,
    nonce: view.getBigUint64(24, true),
    family: family as 4 | 6,
    startMono: view.getBigInt64(32, true),
    startWall: view.getBigInt64(40, true),
  };
  return { ...header, ...parseRecords(view, header.startMono, header.startWall, path) };
}

function parseRecords(view: DataView, startMono: bigint, startWall: bigint, path: string) {
  const length = Math.floor((view.byteLength - HEADER_BYTES) / RECORD_BYTES);
  const kind = new Uint8Array(length);
  const flags = new Uint8Array(length);
  const errno = new Uint16Array(length);
  const count = new Uint32Array(length);
  const sequence = new Float64Array(length);
  const mono = new Float64Array(length);
  const wall = new Float64Array(length);
  const scheduled = new Float64Array(length);
  const monoSince = sinceReader(view, startMono);
  const wallSince = sinceReader(view, startWall);
  let recordsLost = 0;
  let ended = false;
  for (let i = 0; i < length; i++) {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    const k = view.getUint8(at);
    if (ended) throw invalid(path, at, "something follows the end record");
    if (k < PROBE_RECORD.sent || k > PROBE_RECORD.end) throw invalid(path, at, `unknown kind of record: ${k}`);
    kind[i] = k;
    flags[i] = view.getUint8(at + 1);
    errno[i] = view.getUint16(at + 2, true);
    count[i] = view.getUint32(at + 4, true);
    const high = view.getUint32(at + 12, true);
    if (high >= 2 ** 21) throw invalid(path, at + 8, "the sequence number is impossibly large");
    sequence[i] = high * 2 ** 32 + view.getUint32(at + 8, true);
    mono[i] = monoSince(at + 16);
    wall[i] = wallSince(at + 24);
    scheduled[i] = monoSince(at + 32);
    if (k === PROBE_RECORD.recordsLost) recordsLost += count[i]!;
    if (k === PROBE_RECORD.end) ended = true;
  }
  const bytes = HEADER_BYTES + length * RECORD_BYTES;
  if (ended && bytes !== view.byteLength) throw invalid(path, bytes, "something follows the end record");
  return { length, kind, flags, errno, count, sequence, mono, wall, scheduled, recordsLost, truncated: !ended, bytes };
}

/** Reads an i64 relative to `base` without a BigInt per value: exact while the difference is below 2^53 ns (104 days). */
function sinceReader(view: DataView, base: bigint): (at: number) => number {
  const high = Number(base >> 32n);
  const low = Number(base & 0xffff_ffffn);
  return (at) => (view.getInt32(at + 4, true) - high) * 2 ** 32 + (view.getUint32(at, true) - low);
}

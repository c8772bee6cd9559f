/** Reader of packet captures: classic pcap, both byte orders, microseconds or nanoseconds. Our own captures have the latter. */
import { closeSync, openSync, readSync } from "node:fs";
import { MigrascopeError } from "../../model/errors.ts";
import { type AnnouncementFrame, FrameDecoder } from "./frames.ts";

const FILE_HEADER = 24;
const PACKET_HEADER = 16;
/** No capture program writes a longer packet (tcpdump's MAXIMUM_SNAPLEN): beyond it, the file is damaged. */
const LONGEST_PACKET = 262_144;
const CHUNK = 8 * 2 ** 20;
const ETHERNET = 1;
const LINK_TYPES: Readonly<Record<number, string>> = {
  0: "BSD loopback",
  101: "raw IP",
  113: "Linux cooked capture, from the interface `any`",
  276: "Linux cooked capture 2, from the interface `any`",
};

/** Our echoes of a capture as columns in the file's order, and what a VM announced. Times: nanoseconds since `base`. */
export interface CaptureLog {
  readonly path: string;
  /** Seconds since 1970 on the capturing machine's clock. */
  readonly base: number;
  /** All packets of the file, of whatever kind. */
  readonly packets: number;
  readonly nanoseconds: boolean;
  readonly echoes: {
    readonly length: number;
    readonly time: Float64Array;
    readonly sequence: Float64Array;
    /** 1: an echo reply. */
    readonly reply: Uint8Array;
  };
  readonly announcements: readonly AnnouncementFrame[];
  /** Why not all of the file could be read, with the byte at which it breaks off. What was before is here. */
  readonly damage: string | null;
}

/**
 * Reads a capture in pieces, so that its size does not matter.
 * @param nonce of the prober whose echoes are wanted.
 * @throws MigrascopeError FILE_UNREADABLE; ARTIFACT_INVALID when it is no classic pcap of Ethernet frames.
 */
export function readCapture(path: string, nonce: bigint): CaptureLog {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new MigrascopeError("FILE_UNREADABLE", `${path}: ${(cause as Error).message}`, { where: path, cause });
  }
  try {
    return readFrom((buffer, offset) => readSync(file, buffer, offset, buffer.length - offset, null), path, nonce);
  } catch (cause) {
    if (cause instanceof MigrascopeError) throw cause;
    throw new MigrascopeError("FILE_UNREADABLE", `${path}: ${(cause as Error).message}`, { where: path, cause });
  } finally {
    closeSync(file);
  }
}

/** Fills the buffer from `offset` on and says how many bytes came; 0 at the end. */
type Source = (buffer: Buffer, offset: number) => number;

function readFrom(source: Source, path: string, nonce: bigint): CaptureLog {
  const buffer = Buffer.allocUnsafe(CHUNK);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  let filled = fill(source, buffer, 0);
  const { little, nanoseconds } = fileHeader(view, filled, path);
  const scale = nanoseconds ? 1 : 1000;
  const decoder = new FrameDecoder(nonce);
  let base = 0;
  let packets = 0;
  let at = FILE_HEADER;
  /** Offset of the buffer's first byte in the file. */
  let origin = 0;
  let damage: string | null = null;
  for (;;) {
    if (filled - at < PACKET_HEADER + LONGEST_PACKET) {
      buffer.copyWithin(0, at, filled);
      origin += at;
      filled = fill(source, buffer, filled - at);
      at = 0;
    }
    const left = filled - at;
    if (left === 0) break;
    if (left < PACKET_HEADER) {
      damage = `byte ${origin + at}: the file ends within a packet's header`;
      break;
    }
    const fraction = view.getUint32(at + 4, little);
    const captured = view.getUint32(at + 8, little);
    if (captured > LONGEST_PACKET || fraction * scale >= 1e9) {
      damage = `byte ${origin + at}: no packet begins here; the rest of the file was not read`;
      break;
    }
    if (left < PACKET_HEADER + captured) {
      damage = `byte ${origin + at}: the file ends within a packet (${left - PACKET_HEADER} of ${captured} bytes)`;
      break;
    }
    const seconds = view.getUint32(at, little);
    if (packets++ === 0) base = seconds;
    const start = at + PACKET_HEADER;
    decoder.frame(buffer, start, start + captured, (seconds - base) * 1e9 + fraction * scale);
    at = start + captured;
  }
  const { length, time, sequence, reply } = decoder.echoes;
  const echoes = {
    length,
    time: time.subarray(0, length),
    sequence: sequence.subarray(0, length),
    reply: reply.subarray(0, length),
  };
  return { path, base, packets, nanoseconds, echoes, announcements: decoder.announcements, damage };
}

/** @returns how much of the buffer is filled now. */
function fill(source: Source, buffer: Buffer, from: number): number {
  let filled = from;
  while (filled < buffer.length) {
    const came = source(buffer, filled);
    if (came === 0) break;
    filled += came;
  }
  return filled;
}

function fileHeader(view: DataView, filled: number, path: string): { little: boolean; nanoseconds: boolean } {
  const invalid = (offset: number, what: string): MigrascopeError =>
    new MigrascopeError("ARTIFACT_INVALID", `${path}, byte ${offset}: ${what}`, { where: path });
  if (filled < 4) throw invalid(filled, "the file is too short to be a capture");
  const magic = view.getUint32(0, true);
  const kinds: Readonly<Record<number, { little: boolean; nanoseconds: boolean }>> = {
    2712847316: { little: true, nanoseconds: false }, // a1b2c3d4
    3569595041: { little: false, nanoseconds: false }, // d4c3b2a1
    2712812621: { little: true, nanoseconds: true }, // a1b23c4d
    1295823521: { little: false, nanoseconds: true }, // 4d3cb2a1
  };
  if (magic === 0x0a0d0d0a)
    throw invalid(0, "a pcapng file; convert it with `editcap -F nsecpcap IN OUT`, or capture with tcpdump");
  const kind = kinds[magic];
  if (!kind) throw invalid(0, "not a packet capture");
  if (filled < FILE_HEADER) throw invalid(filled, "the header is cut");
  const linkType = view.getUint32(20, kind.little) & 0xffff;
  if (linkType !== ETHERNET)
    throw invalid(20, `frames of link type ${linkType} (${LINK_TYPES[linkType] ?? "unknown"}); Ethernet is needed`);
  return kind;
}

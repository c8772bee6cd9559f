/** The bytes that guest and peer exchange before and around the data: docs/agent.md, "On the network". */

/** Bytes of the hello of a TCP connection, and of what every datagram begins with. */
export const HEADER = 32;

const TCP_MAGIC = Buffer.from("MSTCP001");
const UDP_MAGIC = Buffer.from("MSUDP001");

export interface TcpHello {
  readonly lane: number;
  /** As the guest sees it. */
  readonly direction: "send" | "receive";
  /** Bytes per second; 0: flat out. */
  readonly rate: number;
  /** Number of the connection, from 0. */
  readonly connection: number;
}

/** @param bytes at least 32. Undefined when this is no hello of ours. */
export function readTcpHello(bytes: Buffer): TcpHello | undefined {
  if (!bytes.subarray(0, 8).equals(TCP_MAGIC)) return undefined;
  const direction = bytes.readUInt32LE(12);
  if (direction > 1) return undefined;
  return {
    lane: bytes.readUInt32LE(8),
    direction: direction === 0 ? "send" : "receive",
    rate: Number(bytes.readBigUInt64LE(16)),
    connection: Number(bytes.readBigUInt64LE(24)),
  };
}

const KINDS = ["hello", "data", "end"] as const;

export interface DatagramHeader {
  readonly lane: number;
  readonly kind: (typeof KINDS)[number];
  /** Of a hello: the rate in bytes per second, 0 flat out. */
  readonly sequence: number;
  /** The sender's monotonic clock, ns. Of a hello: the datagram's size in bytes. */
  readonly clock: bigint;
}

/** Undefined when this is no datagram of ours. */
export function readDatagram(bytes: Buffer): DatagramHeader | undefined {
  if (bytes.length < HEADER || !bytes.subarray(0, 8).equals(UDP_MAGIC)) return undefined;
  const kind = KINDS[bytes.readUInt32LE(12)];
  if (kind === undefined) return undefined;
  const sequence = bytes.readUInt32LE(16) + bytes.readUInt32LE(20) * 2 ** 32;
  if (!Number.isSafeInteger(sequence)) return undefined;
  return { lane: bytes.readUInt32LE(8), kind, sequence, clock: bytes.readBigInt64LE(24) };
}

/** A datagram of data with room for `size` bytes in all; the filling counts up, so that it is not all one byte. */
export function newDatagram(lane: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = HEADER; at < size; at++) bytes[at] = at & 0xff;
  UDP_MAGIC.copy(bytes);
  bytes.writeUInt32LE(lane, 8);
  bytes.writeUInt32LE(KINDS.indexOf("data"), 12);
  return bytes;
}

/** Numbers a datagram and stamps it with our monotonic clock, ns. */
export function stamp(datagram: Buffer, sequence: number, clock: bigint): void {
  datagram.writeUInt32LE(sequence >>> 0, 16);
  datagram.writeUInt32LE(Math.floor(sequence / 2 ** 32), 20);
  datagram.writeBigInt64LE(clock, 24);
}

/** Generated captures: echo requests and replies with the prober's payload, among a client's other packets. */

export const NONCE = 0x1122334455667788n;

/**
 * A nanosecond capture of so many packets, one every 10 µs: of three, a request, its reply, and a stranger's TCP segment
 * cut to the snap length. Every thousandth probe stays unanswered.
 */
export function capturedEchoes(packets: number): Buffer {
  const echoBytes = 16 + 14 + 20 + 8 + 56;
  const otherBytes = 16 + 128;
  const bytes = Buffer.alloc(24 + packets * Math.max(echoBytes, otherBytes));
  bytes.writeUInt32LE(0xa1b23c4d, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(128, 16);
  bytes.writeUInt32LE(1, 20);
  let at = 24;
  for (let n = 0; n < packets; n++) {
    const probe = Math.floor(n / 3);
    const kind = n % 3 === 1 && probe % 1000 === 999 ? 2 : n % 3;
    const length = kind === 2 ? 128 : echoBytes - 16;
    const time = n * 10_000;
    bytes.writeUInt32LE(1_780_000_000 + Math.floor(time / 1e9), at);
    bytes.writeUInt32LE(time % 1e9, at + 4);
    bytes.writeUInt32LE(length, at + 8);
    bytes.writeUInt32LE(kind === 2 ? 1514 : length, at + 12);
    frame(bytes, at + 16, kind, probe, kind === 2 ? 1500 : length - 14);
    at += 16 + length;
  }
  return bytes.subarray(0, at);
}

function frame(bytes: Buffer, at: number, kind: number, probe: number, ipLength: number): void {
  bytes.write("525400000001525400000002", at, "hex");
  bytes.writeUInt16BE(0x0800, at + 12);
  const ip = at + 14;
  bytes.writeUInt8(0x45, ip);
  bytes.writeUInt16BE(ipLength, ip + 2);
  bytes.writeUInt8(64, ip + 8);
  bytes.writeUInt8(kind === 2 ? 6 : 1, ip + 9);
  bytes.write("0a4d01010a4d0164", ip + 12, "hex");
  const inner = ip + 20;
  if (kind === 2) {
    bytes.writeUInt16BE(22, inner);
    bytes.writeUInt16BE(50_000, inner + 2);
    bytes.writeUInt8(0x50, inner + 12);
    return;
  }
  bytes.writeUInt8(kind === 0 ? 8 : 0, inner);
  bytes.writeUInt16BE(probe & 0xffff, inner + 6);
  bytes.writeBigUInt64LE(NONCE, inner + 8);
  bytes.writeBigUInt64LE(BigInt(probe), inner + 16);
}

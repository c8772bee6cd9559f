/** Writes captures for tests: every byte order and precision, IPv4 and IPv6, with and without VLAN tags. */

export type Packet = { readonly time: number } & (
  | { readonly kind: "request" | "reply"; readonly sequence: number }
  | { readonly kind: "rarp" | "gratuitous-arp" | "arp" | "unsolicited-na" | "solicited-na"; readonly mac: string }
  | { readonly kind: "other" }
);

export interface CaptureStyle {
  readonly nonce: bigint;
  /** Nanoseconds since 1970 of time 0. */
  readonly start: bigint;
  readonly big?: boolean;
  readonly micro?: boolean;
  readonly ipv6?: boolean;
  readonly vlans?: number;
  readonly linkType?: number;
}

export function encodeCapture(packets: readonly Packet[], style: CaptureStyle): Buffer {
  const { big = false, micro = false } = style;
  const header = Buffer.alloc(24);
  const u32 = (buffer: Buffer, value: number, offset: number): number =>
    big ? buffer.writeUInt32BE(value, offset) : buffer.writeUInt32LE(value, offset);
  u32(header, micro ? 0xa1b2c3d4 : 0xa1b23c4d, 0);
  u32(header, 128, 16);
  u32(header, style.linkType ?? 1, 20);
  const rows = packets.map((packet) => {
    const frame = frameOf(packet, style);
    const row = Buffer.alloc(16 + frame.length);
    const time = style.start + BigInt(Math.round(packet.time));
    u32(row, Number(time / 1_000_000_000n), 0);
    u32(row, Number((time % 1_000_000_000n) / (micro ? 1000n : 1n)), 4);
    u32(row, frame.length, 8);
    u32(row, frame.length, 12);
    frame.copy(row, 16);
    return row;
  });
  return Buffer.concat([header, ...rows]);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(":", ""), "hex");

function frameOf(packet: Packet, { nonce, ipv6 = false, vlans = 0 }: CaptureStyle): Buffer {
  const mac = "mac" in packet ? packet.mac : "52:54:00:00:00:02";
  const ethernet = (type: string, ...rest: Buffer[]): Buffer =>
    Buffer.concat([hex("ff:ff:ff:ff:ff:ff"), hex(mac), hex("81000005".repeat(vlans)), hex(type), ...rest]);
  switch (packet.kind) {
    case "rarp":
      return ethernet("8035", hex("0001080006040003"), hex(mac), hex("00000000"), hex(mac), hex("00000000"));
    case "gratuitous-arp":
    case "arp": {
      const target = packet.kind === "arp" ? "0a4d0101" : "0a4d0164";
      return ethernet("0806", hex("0001080006040001"), hex(mac), hex("0a4d0164"), hex("000000000000"), hex(target));
    }
    case "unsolicited-na":
    case "solicited-na":
      return ethernet(
        "86dd",
        ipv6Header(24),
        hex(packet.kind === "solicited-na" ? "8800000060000000" : "8800000020000000"),
        Buffer.alloc(16),
      );
    case "other":
      return ethernet("0800", Buffer.alloc(100));
    default: {
      const payload = Buffer.alloc(16);
      payload.writeBigUInt64LE(nonce, 0);
      payload.writeBigUInt64LE(BigInt(packet.sequence), 8);
      const reply = packet.kind === "reply";
      const type = ipv6 ? (reply ? "81" : "80") : reply ? "00" : "08";
      const icmp = Buffer.concat([hex(`${type}00000000010002`), payload]);
      const ipv4 = hex("450000340000000040010000" + "0a4d01010a4d0164");
      return ipv6 ? ethernet("86dd", ipv6Header(icmp.length), icmp) : ethernet("0800", ipv4, icmp);
    }
  }
}

function ipv6Header(length: number): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(length, 4);
  header[6] = 58;
  return header;
}

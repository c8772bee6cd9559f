/** Decodes Ethernet frames as far as a migration's capture needs: our own echoes, and a VM's announcements. */

const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, rarp: 0x8035, vlan: 0x8100, ipv6: 0x86dd, serviceVlan: 0x88a8 } as const;
const ICMP = 1;
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;

export type AnnouncementKind = "rarp" | "gratuitous-arp" | "unsolicited-na";

export interface AnnouncementFrame {
  /** Nanoseconds since the capture's `base`. */
  readonly time: number;
  readonly kind: AnnouncementKind;
  /** Of the machine that the frame announces, as 52:54:00:00:00:01. */
  readonly mac: string;
}

/** Columns that grow: a capture's number of echoes is not known before its end. */
export class EchoColumns {
  length = 0;
  /** Nanoseconds since the capture's `base`. */
  time = new Float64Array(1024);
  sequence = new Float64Array(1024);
  /** 1: an echo reply. */
  reply = new Uint8Array(1024);

  push(time: number, sequence: number, reply: number): void {
    if (this.length === this.time.length) this.#grow();
    this.time[this.length] = time;
    this.sequence[this.length] = sequence;
    this.reply[this.length++] = reply;
  }

  #grow(): void {
    const grown = <T extends Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    const size = this.length * 2;
    this.time = grown(this.time, new Float64Array(size));
    this.sequence = grown(this.sequence, new Float64Array(size));
    this.reply = grown(this.reply, new Uint8Array(size));
  }
}

export class FrameDecoder {
  readonly echoes = new EchoColumns();
  readonly announcements: AnnouncementFrame[] = [];
  readonly #nonceLow: number;
  readonly #nonceHigh: number;

  /** @param nonce of our prober: the echoes of anybody else are passed over. */
  constructor(nonce: bigint) {
    this.#nonceLow = Number(nonce & 0xffff_ffffn);
    this.#nonceHigh = Number(nonce >> 32n);
  }

  /** One frame in `[start, end)`; what does not reach as far as it should (a short snap length) is passed over. */
  frame(bytes: Uint8Array, start: number, end: number, time: number): void {
    let at = start + 12;
    if (at + 2 > end) return;
    let type = (bytes[at]! << 8) | bytes[at + 1]!;
    while ((type === ETHERTYPE.vlan || type === ETHERTYPE.serviceVlan) && at + 6 <= end) {
      at += 4;
      type = (bytes[at]! << 8) | bytes[at + 1]!;
    }
    at += 2;
    if (type === ETHERTYPE.ipv4) this.#ipv4(bytes, at, end, time);
    else if (type === ETHERTYPE.ipv6) this.#ipv6(bytes, at, end, time, start);
    else if (type === ETHERTYPE.arp || type === ETHERTYPE.rarp)
      this.#arp(bytes, at, end, time, type === ETHERTYPE.rarp);
  }

  #ipv4(bytes: Uint8Array, at: number, end: number, time: number): void {
    if (at + 20 > end || bytes[at + 9] !== ICMP) return;
    // A later fragment has no ICMP header.
    if (((bytes[at + 6]! & 0x1f) | bytes[at + 7]!) !== 0) return;
    const icmp = at + (bytes[at]! & 0x0f) * 4;
    if (icmp >= end) return;
    const type = bytes[icmp];
    if (type === 8 || type === 0) this.#echo(bytes, icmp, end, time, type === 0 ? 1 : 0);
  }

  #ipv6(bytes: Uint8Array, at: number, end: number, time: number, start: number): void {
    // Neither our probes nor neighbour advertisements come with extension headers.
    if (at + 41 > end || bytes[at + 6] !== ICMPV6) return;
    const icmp = at + 40;
    const type = bytes[icmp]!;
    if (type === 128 || type === 129) this.#echo(bytes, icmp, end, time, type - 128);
    else if (type === NEIGHBOUR_ADVERTISEMENT && icmp + 5 <= end && (bytes[icmp + 4]! & 0x40) === 0)
      this.announcements.push({ time, kind: "unsolicited-na", mac: macAt(bytes, start + 6) });
  }

  #echo(bytes: Uint8Array, icmp: number, end: number, time: number, reply: number): void {
    const payload = icmp + 8;
    if (payload + 16 > end) return;
    if (u32(bytes, payload) !== this.#nonceLow || u32(bytes, payload + 4) !== this.#nonceHigh) return;
    this.echoes.push(time, u32(bytes, payload + 12) * 2 ** 32 + u32(bytes, payload + 8), reply);
  }

  #arp(bytes: Uint8Array, at: number, end: number, time: number, reverse: boolean): void {
    // Hardware addresses of 6 bytes, protocol addresses of 4: the only kind that Ethernet and IPv4 have.
    if (at + 28 > end || bytes[at + 4] !== 6 || bytes[at + 5] !== 4) return;
    if (reverse) {
      this.announcements.push({ time, kind: "rarp", mac: macAt(bytes, at + 8) });
      return;
    }
    // Gratuitous: the sender speaks of its own address (sender and target protocol address are the same).
    for (let i = 0; i < 4; i++) if (bytes[at + 14 + i] !== bytes[at + 24 + i]) return;
    this.announcements.push({ time, kind: "gratuitous-arp", mac: macAt(bytes, at + 8) });
  }
}

const u32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

const macAt = (bytes: Uint8Array, at: number): string =>
  Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");

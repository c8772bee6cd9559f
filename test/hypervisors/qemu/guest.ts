/** A guest of 512 bytes: a boot sector that dirties memory without pause and shows on its serial port that it lives. */
import { writeFileSync } from "node:fs";

const FIRST = 0x100000;

const POWER_BUTTON = [
  ...[0x66, 0xba, 0x02, 0x06, 0x66, 0xb8, 0x00, 0x01, 0x66, 0xef], // PM1_EN: power button
  ...[0x66, 0xba, 0x00, 0x06, 0x66, 0xed], //                         PM1_STS
  ...[0xf6, 0xc4, 0x01, 0x74, 0xc9], //                               not pressed: again
  ...[0x66, 0xba, 0x04, 0x06, 0x66, 0xb8, 0x00, 0x20, 0x66, 0xef], // PM1_CNT: soft off
  ...[0xeb, 0xbd], //                                                 again
];

/**
 * A raw disk whose boot sector enters protected mode and then adds 1 to the first word of every page between 1 MiB and
 * 1 MiB + `dirtied` bytes, for ever; after every 64th round it writes a dot to the first serial port. Needs no kernel.
 * With a power button it then looks whether that was pressed (ACPI's PM1 registers of q35, at 0x600), and powers off.
 */
export function writeGuest(diskPath: string, dirtied: number, powerButton = false): void {
  const end = FIRST + dirtied;
  const address = [end & 0xff, (end >> 8) & 0xff, (end >> 16) & 0xff, (end >> 24) & 0xff];
  const code = [
    ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8], //                   cli; ds = 0
    ...[0xe4, 0x92, 0x0c, 0x02, 0xe6, 0x92], //             A20 on
    ...[0x66, 0x0f, 0x01, 0x16, 0x68, 0x7d], //             lgdt
    ...[0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], // protected mode on
    ...[0x66, 0xea, 0x21, 0x7c, 0x00, 0x00, 0x08, 0x00], // jump to the 32-bit code that follows
    ...[0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8], //             flat data segment
    ...[0x31, 0xc9], //                                     ecx = 0 rounds
    ...[0xbf, 0x00, 0x00, 0x10, 0x00], //                   again: edi = FIRST
    ...[0xff, 0x07], //                                     page: add 1 to its first word
    ...[0x81, 0xc7, 0x00, 0x10, 0x00, 0x00], //             next page
    ...[0x81, 0xff, ...address, 0x72, 0xf0], //             to `end`
    ...[0x41, 0xf6, 0xc1, 0x3f, 0x75, 0xe5], //             one more round; again unless it is the 64th
    ...[0x66, 0xba, 0xf8, 0x03, 0xb0, 0x2e, 0xee], //       "." to COM1
    ...(powerButton ? POWER_BUTTON : [0xeb, 0xdc]), //      again
  ];
  const sector = new Uint8Array(512);
  sector.set(code, 0);
  sector.set([0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0], 0x158); // code segment, 4 GiB
  sector.set([0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0], 0x160); // data segment, 4 GiB
  sector.set([23, 0, 0x50, 0x7d, 0, 0], 0x168); //            where these are
  sector.set([0x55, 0xaa], 510);
  writeFileSync(diskPath, sector);
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NONCE as BENCH_NONCE, capturedEchoes } from "../../../bench/capture-world.ts";
import { MigrascopeError } from "../../../src/model/errors.ts";
import { type CaptureLog, readCapture } from "../../../src/run/read/capture.ts";
import { encodeCapture, type Packet } from "../../analysis/capture-writer.ts";

const NONCE = 0xfedc_ba98_7654_3210n;
const START = 1_780_000_000_123_456_000n;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-capture-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function read(bytes: Uint8Array): CaptureLog {
  const path = join(directory, "a.pcap");
  writeFileSync(path, bytes);
  return readCapture(path, NONCE);
}

function errorOf(bytes: Uint8Array): MigrascopeError {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof MigrascopeError) return error;
    throw error;
  }
  throw new Error("it was read");
}

const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({
    time: fc.nat(1e9).map((us) => us * 1000),
    kind: fc.constantFrom("request" as const, "reply" as const),
    sequence: fc.nat(2 ** 40),
  }),
  fc.record({
    time: fc.nat(1e9).map((us) => us * 1000),
    kind: fc.constantFrom("rarp", "gratuitous-arp", "arp", "unsolicited-na", "solicited-na") as fc.Arbitrary<"rarp">,
    mac: fc.constantFrom("52:54:00:4d:53:01", "00:11:22:33:44:ff"),
  }),
  fc.record({ time: fc.constant(5000), kind: fc.constant("other" as const) }),
);

describe("the capture reader", () => {
  test("gives back what was captured, in every byte order and precision, tagged or not", () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 30 }),
        fc.record({ big: fc.boolean(), micro: fc.boolean(), ipv6: fc.boolean(), vlans: fc.nat(2) }),
        (packets, style) => {
          const log = read(encodeCapture(packets, { ...style, nonce: NONCE, start: START }));
          const since = (time: number): number => Number(START + BigInt(time) - BigInt(log.base) * 1_000_000_000n);
          const echoes = packets.filter((one) => "sequence" in one);
          expect(log).toMatchObject({ packets: packets.length, nanoseconds: !style.micro, damage: null });
          expect([...log.echoes.sequence]).toEqual(echoes.map((one) => one.sequence));
          expect([...log.echoes.time]).toEqual(echoes.map((one) => since(one.time)));
          expect([...log.echoes.reply]).toEqual(echoes.map((one) => (one.kind === "reply" ? 1 : 0)));
          expect(log.announcements).toEqual(
            packets.flatMap((one) =>
              one.kind === "rarp" || one.kind === "gratuitous-arp" || one.kind === "unsolicited-na"
                ? [{ time: since(one.time), kind: one.kind, mac: one.mac }]
                : [],
            ),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test("passes over echoes with another nonce", () => {
    const bytes = encodeCapture([{ time: 0, kind: "reply", sequence: 1 }], { nonce: NONCE + 1n, start: START });
    expect(read(bytes)).toMatchObject({ packets: 1, echoes: { length: 0 } });
  });

  test("of a cut file gives what was there and says at which byte it ends", () => {
    const packets: Packet[] = [1, 2, 3].map((sequence) => ({ time: 0, kind: "reply", sequence }));
    const bytes = encodeCapture(packets, { nonce: NONCE, start: START });
    const each = (bytes.length - 24) / 3;
    for (let cut = 24; cut < bytes.length; cut++) {
      const log = read(bytes.subarray(0, cut));
      const whole = Math.floor((cut - 24) / each);
      expect(log.echoes.length).toBe(whole);
      const boundary = 24 + whole * each;
      if (cut === boundary) expect(log.damage).toBeNull();
      else expect(log.damage).toContain(`byte ${boundary}: the file ends within a packet`);
    }
  });

  test("stops where no packet can begin", () => {
    const bytes = encodeCapture([{ time: 0, kind: "other" }], { nonce: NONCE, start: START });
    expect(read(Buffer.concat([bytes, Buffer.alloc(64, 0xff)])).damage).toContain(
      `byte ${bytes.length}: no packet begins here`,
    );
  });

  test("refuses pcapng by name, with what to do", () => {
    const error = errorOf(Buffer.from("0a0d0d0a1c000000", "hex"));
    expect(error.code).toBe("ARTIFACT_INVALID");
    expect(error.message).toContain("pcapng");
    expect(error.message).toContain("editcap");
  });

  test("refuses foreign files and other link types by name", () => {
    expect(errorOf(Buffer.from("#!/bin/sh\necho")).message).toContain("byte 0: not a packet capture");
    expect(errorOf(Buffer.alloc(0)).message).toContain("too short");
    const cooked = encodeCapture([], { nonce: NONCE, start: START, linkType: 113 });
    expect(errorOf(cooked).message).toContain("Linux cooked capture");
  });

  test("reads across the boundaries of its pieces", () => {
    const path = join(directory, "large.pcap");
    writeFileSync(path, capturedEchoes(200_000));
    const log = readCapture(path, BENCH_NONCE);
    expect(log).toMatchObject({ packets: 200_000, damage: null });
    expect(log.echoes.length).toBe(133_334 - 66);
  });

  test("of any garbage gives a capture or our own error", () => {
    const valid = encodeCapture(
      Array.from({ length: 8 }, (_, sequence) => ({ time: sequence, kind: "reply" as const, sequence })),
      { nonce: NONCE, start: START },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: valid.length }),
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
        (cut, changes) => {
          const bytes = Buffer.from(valid);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            read(bytes.subarray(0, cut));
          } catch (error) {
            expect(error).toBeInstanceOf(MigrascopeError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MigrascopeError } from "../../../src/model/errors.ts";
import { PROBE_RECORD, parseProbes, readProbes } from "../../../src/run/read/probes.ts";
import { encodeProbes, NONCE, START_MONO, START_WALL } from "../../analysis/world.ts";

const sent = (sequence: number) => ({
  kind: PROBE_RECORD.sent,
  sequence,
  mono: sequence * 1e6,
  wall: sequence * 1e6 + 7,
});

function errorOf(bytes: Uint8Array): MigrascopeError {
  try {
    parseProbes(bytes, "pass/probes.bin");
  } catch (error) {
    if (error instanceof MigrascopeError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("the probe log", () => {
  test("is read as it was written, to the nanosecond", () => {
    const log = parseProbes(
      encodeProbes(1e6, [sent(0), { ...sent(1), kind: PROBE_RECORD.sendError, errno: 101, scheduled: 999_999 }]),
      "p",
    );
    expect(log).toMatchObject({
      interval: 1e-3,
      nonce: NONCE,
      family: 4,
      startMono: START_MONO,
      startWall: START_WALL,
    });
    expect([...log.kind]).toEqual([1, 5, 7]);
    expect(log.wall[1]).toBe(1_000_007);
    expect(log.scheduled[1]).toBe(999_999);
    expect(log.errno[1]).toBe(101);
    expect(log.truncated).toBe(false);
  });

  test("without its end record is read as far as it goes, and said to be truncated", () => {
    const whole = encodeProbes(1e6, [sent(0), sent(1)]);
    const log = parseProbes(whole.subarray(0, whole.length - 50), "p");
    expect(log).toMatchObject({ truncated: true, length: 1, bytes: 104 });
  });

  test("adds up the records that the prober lost", () => {
    const rows = [{ kind: PROBE_RECORD.recordsLost, count: 5, sequence: 0, mono: 0, wall: 0 }];
    expect(parseProbes(encodeProbes(1e6, rows), "p").recordsLost).toBe(5);
  });

  test("of another format is refused with path and byte", () => {
    expect(errorOf(Buffer.from("PK\x03\x04 something else entirely"))).toMatchObject({
      code: "ARTIFACT_INVALID",
      message: "pass/probes.bin, byte 0: not a probe log",
    });
    expect(errorOf(encodeProbes(1e6, []).subarray(0, 30)).message).toContain("byte 30: the header is cut");
  });

  test("with an unknown record, or something behind its end, is refused at that byte", () => {
    const unknown = encodeProbes(1e6, [sent(0), sent(1)]);
    unknown[64 + 40] = 99;
    expect(errorOf(unknown).message).toContain("byte 104: unknown kind of record: 99");
    const behind = Buffer.concat([encodeProbes(1e6, [sent(0)]), Buffer.alloc(3)]);
    expect(errorOf(behind).message).toContain("byte 144: something follows the end record");
  });

  test("that cannot be opened is unreadable", () => {
    expect(() => readProbes("/nonexistent/probes.bin")).toThrow(MigrascopeError);
  });

  test("of any garbage gives a log or our own error, nothing else", () => {
    const valid = encodeProbes(
      1e6,
      Array.from({ length: 20 }, (_, i) => sent(i)),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: valid.length }),
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
        (cut, changes) => {
          const bytes = Buffer.from(valid);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            parseProbes(bytes.subarray(0, cut), "p");
          } catch (error) {
            expect(error).toBeInstanceOf(MigrascopeError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

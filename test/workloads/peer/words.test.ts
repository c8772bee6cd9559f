import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WordReader, WordWriter } from "../../../src/workloads/peer/words.ts";

/** The words from `first` on, as bytes. */
function stream(words: number, first = 0): Uint8Array {
  const halves = new Uint32Array(words * 2);
  new WordWriter(first).fill(halves);
  return new Uint8Array(halves.buffer);
}

/** Gives the stream to a reader in pieces of these lengths, again and again; the runs of wrong words. */
function read(bytes: Uint8Array, lengths: readonly number[], first = 0): [number, number][] {
  const wrong: [number, number][] = [];
  const reader = new WordReader((sequence, count) => wrong.push([sequence, count]), first);
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const length = lengths[piece % lengths.length]!;
    reader.read(bytes.subarray(at, at + length));
    at += length;
  }
  reader.flush();
  return wrong;
}

test("words are 64 bits wide, little-endian, and count up over 32 bits", () => {
  const view = new DataView(stream(3, 2 ** 32 - 1).buffer);
  expect([0, 8, 16].map((at) => view.getBigUint64(at, true))).toEqual([4294967295n, 4294967296n, 4294967297n]);
});

const lengths = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 });

describe("a reader", () => {
  test("finds nothing wrong in what is right, however it is cut", () => {
    fc.assert(
      fc.property(lengths, fc.constantFrom(0, 2 ** 32 - 100, 2 ** 45), (cuts, first) => {
        expect(read(stream(20_000, first), cuts, first)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
  test("finds every run of wrong words, wherever it lies and however it is cut", () => {
    fc.assert(
      fc.property(lengths, fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { maxLength: 30 }), (cuts, places) => {
        const bytes = stream(1000);
        for (const place of places) bytes[place * 8 + (place % 8)]! ^= 0x10;
        const runs: [number, number][] = [];
        for (const place of places.toSorted((a, b) => a - b)) {
          const last = runs.at(-1);
          if (last && last[0] + last[1] === place) last[1]++;
          else runs.push([place, 1]);
        }
        expect(read(bytes, cuts)).toEqual(runs);
      }),
      { numRuns: 200 },
    );
  });
  test("finds a byte too many, which shifts all that follows", () => {
    const bytes = stream(10);
    const shifted = new Uint8Array([...bytes.subarray(0, 32), 7, ...bytes.subarray(32)]);
    expect(read(shifted, [5])).toEqual([[4, 6]]);
  });
});

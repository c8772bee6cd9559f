import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Framing } from "../../../../src/hypervisors/qemu/qmp/framing.ts";

/** Pushes the bytes in pieces that end where `cuts` say. */
function pushed(bytes: Uint8Array, cuts: readonly number[], framing = new Framing()): unknown[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).flatMap((end, i) => [...framing.push(bytes.subarray(places[i], end))].map((f) => f.message));
}
const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("framing", () => {
  test("gives back the same messages however they were cut into chunks, in any language", () => {
    const message = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), {
      noNullPrototype: true,
    });
    const newline = fc.constantFrom("\n", "\r\n", "\n\n");
    fc.assert(
      fc.property(fc.array(message), newline, fc.array(fc.nat()), (messages, end, cuts) => {
        const bytes = encoded(messages.map((each) => JSON.stringify(each) + end).join(""));
        // JSON itself turns a lone surrogate into U+FFFD on its way through UTF-8.
        const expected = messages.map((each) => JSON.parse(new TextDecoder().decode(encoded(JSON.stringify(each)))));
        expect(pushed(bytes, cuts)).toEqual(expected);
      }),
    );
  });

  test("waits for the end of a line", () => {
    const framing = new Framing();
    expect([...framing.push(encoded('{"a":'))]).toEqual([]);
    expect([...framing.push(encoded('"é"}\n{'))].map(({ text }) => text)).toEqual(['{"a":"é"}']);
  });

  test.each(["SSH-2.0-OpenSSH_9.2", "[1, 2]", "null", '{"a": 1', "\u0000"])("refuses %j, and shows it", (text) => {
    expect(() => pushed(encoded(`${text}\n`), [])).toThrowError(
      expect.objectContaining({ code: "HYPERVISOR_LOST", message: expect.stringContaining(JSON.stringify(text)) }),
    );
  });

  test("refuses a line without end before it fills the memory", () => {
    const framing = new Framing(100);
    expect(pushed(encoded(`{"a":"${"x".repeat(92)}"}\n`), [7, 50], framing)).toHaveLength(1);
    expect([...framing.push(new Uint8Array(100).fill(0x20))]).toEqual([]);
    expect(() => [...framing.push(new Uint8Array(1).fill(0x20))]).toThrow(/more than 100 bytes/u);
  });
});

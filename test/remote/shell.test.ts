import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { shellQuote } from "../../src/remote/shell.ts";

test("a shell gives back every word exactly as it was quoted", () => {
  const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0") && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const script = `printf '%s\\0' ${words.map(shellQuote).join(" ")}`;
      const said = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
      expect(said).toEqual(words);
    }),
    { numRuns: 60 },
  );
});

test("a NUL byte is refused", () => {
  expect(() => shellQuote("a\0b")).toThrow(RangeError);
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readJson, readJsonLines } from "../../../src/run/read/json.ts";

const Row = z.strictObject({ n: z.int() });
let path: string;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-json-"));
  path = join(directory, "a.jsonl");
});
afterAll(() => rmSync(directory, { recursive: true }));
const lines = (text: string) => {
  writeFileSync(path, text);
  return readJsonLines(path, Row);
};

describe("JSON lines", () => {
  test("are read in order", () => {
    expect(lines('{"n":1}\n{"n":2}\n')).toEqual({ lines: [{ n: 1 }, { n: 2 }], cutLine: null });
  });
  test("of an empty file are none", () => expect(lines("")).toEqual({ lines: [], cutLine: null }));
  test("may be cut in the last line only", () => {
    expect(lines('{"n":1}\n{"n"')).toEqual({ lines: [{ n: 1 }], cutLine: 2 });
    expect(() => lines('{"n":1}\n{"n"\n{"n":3}\n')).toThrow(/a\.jsonl, line 2: /u);
  });
  test("that are whole but wrong are refused with line and key, also the last", () => {
    expect(() => lines('{"n":1}\n{"n":"x"}\n')).toThrow(/line 2: n: /u);
    expect(() => lines('{"n":1}\n{"m":1}')).toThrow(/line 2/u);
  });
  test("of a missing file are unreadable", () => {
    expect(() => readJsonLines(join(directory, "none"), Row)).toThrow(
      expect.objectContaining({ code: "FILE_UNREADABLE" }),
    );
  });
  test("a whole JSON file names the place of what is wrong", () => {
    writeFileSync(path, '{"n":1.5}');
    expect(() => readJson(path, Row)).toThrow(/a\.jsonl: n: /u);
  });
});

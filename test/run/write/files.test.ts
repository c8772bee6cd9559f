import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeArtifact, JsonLines, writeFileAtomic } from "../../../src/run/write/files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a file that cannot be written whole leaves the old one and no temporary one", async () => {
  const path = join(directory, "manifest.json");
  writeFileSync(path, "old");
  // /dev/full is the kernel's own full disk: the temporary file's name leads there.
  const temporary = `${path}.${process.pid}.tmp`;
  const { symlinkSync } = await import("node:fs");
  symlinkSync("/dev/full", temporary);
  await expect(writeFileAtomic(path, "new")).rejects.toMatchObject({ code: "FILE_UNWRITABLE", where: path });
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(directory)).toEqual(["manifest.json"]);
});

test("lines that found a full disk are told at the end, not in the middle", () => {
  const lines = new JsonLines<number>("/dev/full");
  lines.append(1);
  lines.append(2);
  expect(() => lines.close()).toThrow(/cannot write \/dev\/full/u);
});

test("each line is whole as soon as it is appended", () => {
  const path = join(directory, "x.jsonl");
  const lines = new JsonLines<object>(path);
  lines.append({ a: 1 });
  expect(readFileSync(path, "utf8")).toBe('{"a":1}\n');
  lines.close();
});

test("an artifact is described by its size and hash", async () => {
  const path = join(directory, "a");
  writeFileSync(path, "abc");
  expect(await describeArtifact(path, "a")).toEqual({
    name: "a",
    bytes: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
});

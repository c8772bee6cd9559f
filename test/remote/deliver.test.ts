import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deliverFile } from "../../src/remote/deliver.ts";
import { localMachine } from "../../src/remote/local.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ms-deliver-"));
  writeFileSync(join(directory, "here"), Buffer.from([0, 1, 2, 255]));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const deliver = (mode?: string) =>
  deliverFile(localMachine(), join(directory, "here"), join(directory, "far", "there"), mode ? { mode } : {});

test("a file arrives byte by byte, with its mode, and with nothing beside it", async () => {
  expect(await deliver("755")).toEqual({ copied: true });
  expect(readFileSync(join(directory, "far", "there"))).toEqual(Buffer.from([0, 1, 2, 255]));
  expect(statSync(join(directory, "far", "there")).mode & 0o777).toBe(0o755);
  expect(readdirSync(join(directory, "far"))).toEqual(["there"]);
});

test("what is there already is not copied again, and what has changed is", async () => {
  await deliver();
  expect(await deliver()).toEqual({ copied: false });
  writeFileSync(join(directory, "far", "there"), "other");
  expect(await deliver()).toEqual({ copied: true });
});

test("a place that cannot be written to is told, and nothing half is left", async () => {
  writeFileSync(join(directory, "far"), "a file where a directory should be");
  await expect(deliver()).rejects.toMatchObject({ code: "COMMAND_FAILED" });
});

/** Building the C programs from TypeScript, in a copy of their sources. */
import { cp, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildNative, nativeIsBuilt } from "../../src/probes/native.ts";
import { proberAbilities } from "../../src/probes/prober.ts";
import { localMachine } from "../../src/remote/local.ts";

const ORIGINAL = fileURLToPath(new URL("../../native/prober", import.meta.url));
let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), "migrascope-build-"));
  for (const name of ["Makefile", "src"]) await cp(join(ORIGINAL, name), join(copy, name), { recursive: true });
});
afterEach(() => rm(copy, { recursive: true, force: true }));

test("absent programs are built, and nothing but them is left", async () => {
  expect(await nativeIsBuilt(copy)).toBe(false);
  const { prober } = await buildNative(copy);
  expect(await nativeIsBuilt(copy)).toBe(true);
  expect((await readdir(join(copy, "build"))).sort()).toEqual(["capture", "echo-target", "flows", "prober"]);
  expect((await localMachine().run([prober, "--help"])).stdout).toContain("usage: prober");
});

test("they are built again when a source is newer, and not otherwise", async () => {
  const { prober } = await buildNative(copy);
  const first = (await stat(prober)).ino;
  await buildNative(copy);
  expect((await stat(prober)).ino).toBe(first);
  const later = new Date(Date.now() + 1000);
  await utimes(join(copy, "src", "target", "frames.h"), later, later);
  expect(await nativeIsBuilt(copy)).toBe(false);
  await buildNative(copy);
  expect((await stat(prober)).ino).not.toBe(first);
});

test("without make or compiler the error names them and the command that installs them", async () => {
  await expect(buildNative(copy, { PATH: "/nonexistent" })).rejects.toMatchObject({
    code: "PACKAGES_MISSING",
    message: expect.stringMatching(/make and a C compiler.*apt-get install/u),
  });
});

test("a source that does not compile fails with the compiler's words and leaves no half-built program", async () => {
  await writeFile(join(copy, "src", "schedule.c"), "#error on purpose\n");
  await expect(buildNative(copy)).rejects.toMatchObject({
    code: "PROBER_FAILED",
    message: expect.stringContaining("#error on purpose"),
  });
  expect(await readdir(join(copy, "build"))).toEqual([]);
});

test("the prober answers what it may do", async () => {
  expect(await proberAbilities(localMachine())).toMatchObject({ timestamps: expect.any(String) });
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cacheDirectory, makeOnce } from "../../src/guest/cache.ts";
import { commandLine } from "../../src/guest/image.ts";
import { locate } from "../../src/guest/locate.ts";
import { VmSpec } from "../../src/model/machines.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ms-guest-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("the cache", () => {
  test("lies where the environment says", () => {
    expect(cacheDirectory({ MIGRASCOPE_CACHE: "/a/b" })).toBe("/a/b");
    expect(cacheDirectory({ XDG_CACHE_HOME: "/c" })).toBe("/c/migrascope");
  });

  test("two that make the same thing at once both succeed, and nothing temporary is left", async () => {
    const made = join(directory, "sub", "thing");
    const fill =
      (text: string, delay: number) =>
      async (into: string): Promise<void> => {
        writeFileSync(join(into, "file"), text);
        await sleep(delay);
      };
    await Promise.all([makeOnce(made, fill("slow", 60)), makeOnce(made, fill("fast", 10))]);
    expect(readFileSync(join(made, "file"), "utf8")).toBe("fast");
    expect(readdirSync(join(directory, "sub"))).toEqual(["thing"]);
  });

  test("what could not be finished does not exist", async () => {
    const made = join(directory, "thing");
    const broken = makeOnce(made, async (into) => {
      writeFileSync(join(into, "half"), "");
      throw new Error("no space");
    });
    await expect(broken).rejects.toThrow("no space");
    expect(readdirSync(directory)).toEqual([]);
  });

  test("what is there is not made again", async () => {
    const made = join(directory, "thing");
    await makeOnce(made, async (into) => writeFileSync(join(into, "file"), "first"));
    await makeOnce(made, () => Promise.reject(new Error("made again")));
    expect(existsSync(join(made, "file"))).toBe(true);
  });
});

test("the kernel's command line has the VM's name and addresses", () => {
  const vm = VmSpec.parse({ name: "web", ipv4: "10.77.1.7/24", ipv6: "fd77:1::7/64" });
  expect(commandLine(vm).split(" ")).toEqual(
    expect.arrayContaining([
      "console=ttyS0",
      "migrascope.hostname=web",
      "migrascope.ipv4=10.77.1.7/24",
      "migrascope.ipv6=fd77:1::7/64",
    ]),
  );
});

test("commands are found where an ordinary user's PATH does not look", () => {
  expect(locate("modprobe", "/bin")).toMatch(/\/modprobe$/u);
  expect(locate("no-such-command")).toBeUndefined();
});

/** The agent's disk workloads on file systems of known size. */
import { open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { execute, openWorld, type World } from "./world.ts";

const MIB = 2 ** 20;

let world: World;
let small: string;
beforeAll(async () => {
  world = await openWorld();
  small = join(world.directory, "small");
  await execute("mkdir", [small]);
  await execute("mount", ["-t", "tmpfs", "-o", `size=${4 * MIB}`, "tmpfs", small]);
});
afterAll(async () => {
  await execute("umount", ["-l", small]);
  await world.close();
});
beforeEach(() => execute("sh", ["-c", `rm -f "$0"/*`, small]));

const words = (kind: string, size: number, directory: string): string[] => [
  ...[kind, "--size", String(size), "--directory", directory],
];

/** The lane's file, by the descriptor of the process that holds it. */
async function openFile(directory: string): Promise<string> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name))) {
    const descriptors = join("/proc", pid, "fd");
    for (const name of await readdir(descriptors).catch(() => [])) {
      const target = await readlink(join(descriptors, name)).catch(() => "");
      if (target.startsWith(`${directory}/`) && target.endsWith(" (deleted)")) return join(descriptors, name);
    }
  }
  throw new Error("nobody holds a file there");
}

async function contentOf(path: string, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
  await file.close();
  return buffer;
}

test("pages are written from the start to the end, again and again, with other content each time", async () => {
  await world.start(...words("disk-write", MIB, small), "--rate", "2000000");
  await world.until(({ lanes }) => lanes[0]!.done > MIB);
  const path = await openFile(small);
  const first = await contentOf(path, MIB);
  expect(first).toHaveLength(MIB);
  expect(await readdir(small)).toEqual([]);
  const done = (await world.status()).lanes[0]!.done;
  await world.until(({ lanes }) => lanes[0]!.done > done + MIB + 65536);
  const second = await contentOf(path, MIB);
  for (let page = 0; page < MIB; page += 4096)
    expect(first.compare(second, page, page + 4096, page, page + 4096)).not.toBe(0);
  const { guest } = await world.end();
  expect(guest.done % 4096).toBe(0);
  await expect(openFile(small)).rejects.toThrow("nobody");
});

test("what is written does not compress", async () => {
  await world.start(...words("disk-write", MIB, small));
  await world.until(({ lanes }) => lanes[0]!.done > 2 * MIB);
  const { brotliCompressSync, constants } = await import("node:zlib");
  const content = await contentOf(await openFile(small), MIB);
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
  expect(brotliCompressSync(content, options).length).toBeGreaterThan(0.99 * MIB);
  await world.end();
});

describe("reading", () => {
  test("finds in each page what was written, and has written every page", async () => {
    await world.start(...words("disk-read", MIB, small));
    const content = await contentOf(await openFile(small), MIB);
    for (let page = 0; page < MIB; page += 4096)
      expect(content.subarray(page, page + 4096).some((b) => b !== 0)).toBe(true);
    await world.until(({ lanes }) => lanes[0]!.done > 10 * MIB);
    const { guest } = await world.end();
    expect(guest.records.find(({ record }) => record === "end")).toMatchObject({ stale: 0, how: "stopped" });
  });
  test("counts a page that another one has changed, once per round", async () => {
    await world.start(...words("disk-read", MIB, small));
    const file = await open(await openFile(small), "r+");
    await file.write("x", 5 * 4096 + 77);
    await file.close();
    const done = (await world.status()).lanes[0]!.done;
    await world.until(({ lanes }) => lanes[0]!.done > done + 4 * MIB);
    const { guest } = await world.end();
    const end = guest.records.find((record) => record.record === "end")!;
    expect(end.stale).toBeGreaterThanOrEqual(3);
    expect(end.stale).toBeLessThanOrEqual(end.done / MIB + 1);
  });
});

test("past the page cache, where the file system can", async () => {
  const directory = world.directory;
  await world.start(...words("disk-write", MIB, directory), "--direct");
  await world.until(({ lanes }) => lanes[0]!.done > 2 * MIB);
  const path = await openFile(directory);
  const { stdout } = await execute("cat", [path.replace("/fd/", "/fdinfo/")]);
  const flags = Number.parseInt(/^flags:\s*(\d+)$/mu.exec(stdout)![1]!, 8);
  expect(flags & 0o40000).toBe(0o40000);
  expect((await world.end()).guest.how).toBe("stopped");
});

describe("what cannot work is refused with the reason", () => {
  test("too little space", async () => {
    await expect(world.start(...words("disk-write", 8 * MIB, small))).rejects.toThrow(
      `needs ${8 * MIB} bytes in ${small}, ${4 * MIB} are free`.slice(0, 120),
    );
  });
  test("no such directory", async () => {
    await expect(world.start(...words("disk-read", MIB, "/nowhere"))).rejects.toThrow(
      "no file can be made in /nowhere: it does not exist",
    );
  });
  test("a file system that knows no O_DIRECT", async () => {
    const plain = join(world.directory, "plain");
    await execute("mkdir", [plain]);
    await execute("mount", ["-t", "ramfs", "ramfs", plain]);
    try {
      await expect(world.start(...words("disk-write", 4096, plain), "--direct")).rejects.toThrow(
        `the page cache cannot be bypassed (O_DIRECT) on the file system of ${plain}`,
      );
      // It says of no space how much there is; that is no lack of it.
      await world.start(...words("disk-write", 4096, plain));
      expect((await world.end()).guest.how).toBe("stopped");
    } finally {
      await execute("umount", ["-l", plain]);
    }
  });
});

test("a disk that fills up while it is written to ends the lane, which says why", async () => {
  // So slow that the others have taken the space before the file has its size.
  await world.start(...words("disk-write", 3 * MIB, small), "--rate", "1000000");
  await execute("sh", ["-c", `cat /dev/zero >"$0/others" 2>/dev/null || true`, small]);
  await world.until(({ lanes }) => lanes[0]!.state === "died");
  const { guest } = await world.end();
  expect(guest.records.find(({ record }) => record === "end")).toMatchObject({
    how: "died",
    reason: "the file cannot be written: no space is left",
  });
});

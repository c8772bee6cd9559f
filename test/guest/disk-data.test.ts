/** The scripts as they run in a guest, in this machine's shell. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fillFile, removeFile, sumOfFile } from "../../src/guest/disk-data.ts";
import { localMachine } from "../../src/remote/local.ts";
import type { Machine } from "../../src/remote/machine.ts";

const never = new AbortController().signal;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-disk-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A guest whose `dd` writes down what it is asked for, and refuses what `refused` matches. */
function guestWith(refused: string): Machine & { asked(): string[] } {
  const log = join(directory, "asked");
  const dd = join(directory, "dd");
  const refuse = `case "$*" in ${refused}) echo "dd: Invalid argument" >&2; exit 1 ;; esac`;
  writeFileSync(dd, `#!/bin/sh\necho "$*" >>"${log}"\n${refuse}\nPATH=\${PATH#*:} exec dd "$@"\n`);
  chmodSync(dd, 0o755);
  const local = localMachine("vm");
  return {
    ...local,
    run: (argv, options) =>
      local.run(argv, { ...options, env: { PATH: `${directory}${delimiter}${process.env.PATH}` } }),
    asked: () => readFileSync(log, "utf8").trim().split("\n"),
  };
}

test("the file has the size asked for, is not readable by others, and its sum is that of its bytes", async () => {
  const file = join(directory, "data");
  const guest = localMachine("vm");
  await fillFile(guest, file, 3_000_001, never);
  expect(statSync(file)).toMatchObject({ size: 3_000_001, mode: 0o100600 });
  const { stdout } = await guest.run(["sha256sum", file]);
  expect(await sumOfFile(guest, file, 3_000_001, never)).toBe(stdout.slice(0, 64));
  await removeFile(guest, file, 10);
  expect(existsSync(file)).toBe(false);
});

test("it is written past the page cache, and through it where the file system knows no other way", async () => {
  const file = join(directory, "data");
  const direct = guestWith("nothing");
  await fillFile(direct, file, 5000, never);
  expect(direct.asked()).toEqual([expect.stringMatching(/oflag=direct/u)]);
  const buffered = guestWith("*oflag=direct*");
  await fillFile(buffered, file, 6000, never);
  expect(buffered.asked().at(-1)).not.toMatch(/direct/u);
  expect(statSync(file).size).toBe(6000);
});

test("a file that breaks off while it is read has no sum", async () => {
  writeFileSync(join(directory, "data"), "x");
  // Only the first reading, which tries it out, goes to nowhere.
  const breaks = guestWith("*bs=1M\\ iflag=direct");
  await expect(sumOfFile(breaks, join(directory, "data"), 1, never)).rejects.toThrow(/could not be read/u);
  expect(breaks.asked()).toHaveLength(2);
});

test("memory that looks like a directory on a disk is refused, and what does not fit leaves nothing behind", async () => {
  const guest = localMachine("vm");
  await expect(fillFile(guest, "/dev/shm/migrascope-data", 10, never)).rejects.toMatchObject({
    code: "WORKLOAD_REFUSED",
    message: expect.stringMatching(/: \/dev\/shm is on no disk but on \S+$/u),
  });
  const file = join(directory, "data");
  await expect(fillFile(guest, file, 2 ** 52, never)).rejects.toMatchObject({ code: "WORKLOAD_REFUSED" });
  expect(existsSync(file)).toBe(false);
});

/** A short calibration from the outside: real prober, real target, real namespaces. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { calibrate } from "../../src/calibration/calibrate.ts";

const MIGRASCOPE = fileURLToPath(new URL("../../bin/migrascope", import.meta.url));
const never = new AbortController().signal;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "migrascope-calibrate-test-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(["ipv4", "ipv6"] as const)("over %s, the bounds contain the truth in all outages", async (family) => {
  const seen: number[] = [];
  const result = await calibrate({
    ...{ outages: 24, interval: 1e-3, family, seed: 5, parallel: 3, signal: never },
    onProgress: ({ done }) => seen.push(done),
  });
  expect(result.outside).toEqual([]);
  expect(result.distributions.at(-1)).toMatchObject({ class: "all", outages: 24, within: 24 });
  expect(seen).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
});

test("--json prints one document and nothing else", async () => {
  const argv = ["calibrate", "--outages", "4", "--parallel", "2", "--json"];
  const { stdout } = await promisify(execFile)(MIGRASCOPE, argv).catch((error: { stdout: string }) => error);
  expect(JSON.parse(stdout)).toMatchObject({ interval: 1e-3, outside: [] });
});

test.each([
  ["--interval", "5"],
  ["--interval", "1us"],
  ["--outages", "0"],
  ["--parallel", "many"],
  ["--family", "ipx"],
])("%s %s is refused with exit code 2", async (option, value) => {
  const failure = await promisify(execFile)(MIGRASCOPE, ["calibrate", option, value]).catch((error) => error);
  expect(failure.code).toBe(2);
  expect(failure.stderr).toContain(option);
});

test.each(["SIGINT", "SIGKILL"] as const)("after %s no process of it is left", async (signal) => {
  // --keep names the directory in every command line of the calibration.
  const argv = ["calibrate", "--outages", "40", "--parallel", "2", "--keep", directory];
  const command = spawn(MIGRASCOPE, argv, { stdio: "ignore" });
  const exit = once(command, "exit");
  await until(async () => (await commandsNaming(directory)).length >= 5);
  command.kill(signal);
  const [code] = await exit;
  if (signal === "SIGINT") expect(code).toBe(130);
  await until(async () => (await commandsNaming(directory)).length === 0);
});

/** Command lines of the processes of this machine that name a path. */
async function commandsNaming(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/u.test(entry)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (line.includes(path)) found.push(line);
  }
  return found;
}

/** Waits for a condition; the test's own time limit is the only one. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

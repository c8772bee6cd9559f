/** Counting with a switch that is silent: an agent's port where nobody listens, and hosts that answer from a table. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MigrascopeError } from "../../src/model/errors.ts";
import { systemClock } from "../../src/model/time.ts";
import type { Machine } from "../../src/remote/machine.ts";
import { Counting } from "../../src/trial/counting.ts";
import type { LiveTestbed } from "../../src/trial/testbed.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A host whose interface has counted `bytes`; undefined: it does not answer. */
const host = (bytes: number | undefined): Machine => ({
  name: "host",
  run: async (argv) => {
    if (bytes === undefined) throw new MigrascopeError("COMMAND_FAILED", "the host is gone");
    const stats64 = { rx: { bytes }, tx: { bytes } };
    return { stdout: JSON.stringify([{}, { ifname: argv.at(-1), stats64 }]), stderr: "" };
  },
  start: () => Promise.reject(new Error("nothing is started here")),
});

/** Of a testbed only what counts. */
function testbed(machine: Machine, { settle = 0, sampleEvery = 60 } = {}): LiveTestbed {
  return {
    interfaces: [{ host: "source", network: "migration", interface: "mig0", machine }],
    // A port of this machine that is not SNMP's: nobody answers there.
    switch: {
      address: "127.0.0.1",
      port: 1,
      community: "public",
      ports: { "migration.source": "p" },
      settle,
      sampleEvery,
    },
  } as unknown as LiveTestbed;
}

const lines = (name: string): { moment: string }[] =>
  readFileSync(join(directory, name), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test("a silent switch costs its own counters only: the hosts' are read before and after", async () => {
  const counting = new Counting(testbed(host(1000)), directory, systemClock);
  const { signal } = new AbortController();
  for (const moment of ["before", "after"] as const)
    await expect(counting.read(moment, signal)).rejects.toMatchObject({ code: "SNMP_SILENT" });
  counting.close();
  expect(lines("counters.jsonl")).toEqual([]);
  expect(lines("interfaces.jsonl").map(({ moment }) => moment)).toEqual(["background", "before", "after"]);
});

test("when nothing answers, both are named", async () => {
  const counting = new Counting(testbed(host(undefined)), directory, systemClock);
  const reading = counting.read("after", new AbortController().signal);
  await expect(reading).rejects.toThrow(/the host is gone/u);
  await expect(reading).rejects.toThrow(/SNMP agent did not answer/u);
  counting.close();
});

test("sampling a silent switch ends when it is told to, not when the next sample would be due", async () => {
  const counting = new Counting(testbed(host(1), { sampleEvery: 1e6 }), directory, systemClock);
  const controller = new AbortController();
  const sampling = counting.sample(controller.signal);
  // Three requests of 1.5 s: by then it waits for the next sample.
  await sleep(5500);
  controller.abort();
  await sampling;
  counting.close();
  expect(lines("counters.jsonl")).toEqual([]);
});

test("without a switch the hosts' interfaces are read all the same, and the reason is told instead of a failure", async () => {
  const { switch: _, ...without } = testbed(host(1000));
  const counting = new Counting(without, directory, systemClock);
  const { signal } = new AbortController();
  for (const moment of ["before", "after"] as const)
    expect(await counting.read(moment, signal)).toMatch(/no managed switch/u);
  await counting.sample(signal);
  counting.close();
  expect(lines("interfaces.jsonl").map(({ moment }) => moment)).toEqual(["background", "before", "after"]);
  expect(existsSync(join(directory, "counters.jsonl"))).toBe(false);
});

test("counting waits longer for counters that take longer to settle", () => {
  const quick = new Counting(testbed(host(1), { settle: 4 }), directory, systemClock);
  const slow = new Counting(testbed(host(1), { settle: 30 }), directory, systemClock);
  expect(slow.patience).toBeGreaterThan(quick.patience);
  expect(slow.patience).toBeGreaterThan(30);
  quick.close();
  slow.close();
});

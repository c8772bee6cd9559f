/** Which pages the agent touches, and what is in them, seen from outside in the memory of its process. */
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { agentBinary } from "../../src/workloads/binary.ts";
import {
  Agent,
  changedPages,
  endOf,
  halt,
  LaneMemory,
  laneOf,
  PAGE,
  pause,
  run,
  until,
  windowsOf,
} from "./agent-inside.ts";

const SIZE = 1000 * PAGE;
const PATTERNS = ["sequential", "random", "skewed"] as const;

/** Nothing, then some pages in a burst, then nothing, all of it in one window of 6 s. */
const burst = (pages: number, idle: number): string => `--trace ${idle}:0,500:${pages * 2 * PAGE},3600000:0`;

test.concurrent.each(PATTERNS)("%s: the pages that change are those that it says, to the page", async (pattern) => {
  const words = `memory-write --size ${SIZE} --touched ${600 * PAGE} --pattern ${pattern} --bytes 64`;
  await using agent = await Agent.start(`--window-us 6000000 ${words} ${burst(400, 4000)}`);
  const memory = new LaneMemory(agent.processes()[1]!, SIZE);
  const before = memory.read();
  // The burst begins 4 s after the start, and shows in the status when the window is over.
  expect((await agent.status()).lanes[0]).toMatchObject({ state: "running", done: 0 });
  await until(async () => (await agent.status()).lanes[0]!.done > 0);
  const after = memory.read();
  const records = await agent.fetch();

  const [window] = windowsOf(records);
  const changed = changedPages(before, after);
  expect(laneOf(records)).toMatchObject({ distinct: "exact", requested: SIZE, touched: 600 * PAGE, unitBytes: PAGE });
  expect(changed.length).toBe(window!.distinct);
  expect(Math.max(...changed)).toBeLessThan(600);
  expect(window!.done).toBeGreaterThan(0);
  expect(window!.done).toBeLessThanOrEqual(400);
  if (pattern === "skewed") {
    const hot = changed.filter((page) => page < 60).length;
    expect(changed.length).toBeLessThan(window!.done);
    expect(hot).toBeGreaterThan(50);
  } else {
    expect(changed.length).toBe(window!.done);
  }
  const row = changed.every((page, index) => index === 0 || page === changed[index - 1]! + 1);
  // Sequential may go over the end of its pages and on from the first.
  const gaps = changed.filter((page, index) => index > 0 && page !== changed[index - 1]! + 1).length;
  if (pattern === "sequential") expect(gaps).toBeLessThanOrEqual(1);
  else expect(row).toBe(false);
  for (const page of changed) {
    const rest = [page * PAGE + 64, (page + 1) * PAGE] as const;
    expect(before.compare(after, ...rest, ...rest), `page ${page} beyond its 64 bytes`).toBe(0);
    expect(after.compare(before, page * PAGE + 8, page * PAGE + 64, page * PAGE + 8, page * PAGE + 64)).not.toBe(0);
  }
});

test.concurrent.each(PATTERNS)("%s: in time every page of the set is touched, and none beyond it", async (pattern) => {
  const words = `memory-write --size ${SIZE} --touched ${300 * PAGE} --pattern ${pattern} --rate 200000000`;
  await using agent = await Agent.start(words);
  const memory = new LaneMemory(agent.processes()[1]!, SIZE);
  const before = memory.read();
  // Of the skewed pattern's rare pages each comes about thirty times.
  const rounds = 300;
  await until(async () => (await agent.status()).lanes[0]!.done > 300 * rounds);
  const changed = changedPages(before, memory.read());
  expect(changed).toEqual(Array.from({ length: 300 }, (_, page) => page));
  for (const { distinct, done } of windowsOf(await agent.fetch())) {
    expect(distinct).toBeLessThanOrEqual(Math.min(300, done));
    if (pattern !== "skewed") expect(distinct).toBe(Math.min(300, done));
  }
});

test("what is read does not change", async () => {
  await using agent = await Agent.start(`memory-read --size ${SIZE} --bytes 4096 --rate 50000000`);
  const memory = new LaneMemory(agent.processes()[1]!, SIZE);
  const before = memory.read();
  await until(async () => (await agent.status()).lanes[0]!.done > 2000);
  expect(changedPages(before, memory.read())).toEqual([]);
});

test.each([
  ["memory-write", "sequential"],
  ["memory-write", "random"],
  ["memory-read", "random"],
] as const)("%s, %s: a page whose content changed behind its back is counted as stale", async (kind, pattern) => {
  await using agent = await Agent.start(`${kind} --size ${SIZE} --pattern ${pattern} --rate 40000000`);
  const lane = agent.processes()[1]!;
  const memory = new LaneMemory(lane, SIZE);
  await until(async () => (await agent.status()).lanes[0]!.done > 2000);
  await halt(lane);
  const bytes = memory.read();
  const pages = [3, 500, 999];
  for (const page of pages) memory.write(page * PAGE + 7, Uint8Array.of(bytes[page * PAGE + 7]! ^ 0x40));
  process.kill(lane, "SIGCONT");
  const { done } = (await agent.status()).lanes[0]!;
  await until(async () => (await agent.status()).lanes[0]!.done > done + 5000);
  await agent.ask("stop");
  const records = await agent.fetch();
  const stale = windowsOf(records).reduce((sum, window) => sum + (window.stale ?? 0), 0);
  expect(endOf(records).stale).toBe(stale);
  // Who writes mends the page; who reads finds it again in every round.
  if (kind === "memory-write") expect(stale).toBe(pages.length);
  else expect(stale).toBeGreaterThanOrEqual(4 * pages.length);
});

test("without a fault no page is stale", async () => {
  const lanes = PATTERNS.map(
    (pattern) => `memory-write --size ${SIZE} --pattern ${pattern} --content text --bytes 4096`,
  );
  await using agent = await Agent.start([...lanes, `memory-read --size ${SIZE} --pattern skewed`].join(" + "));
  await until(async () => (await agent.status()).lanes.every((lane) => lane.done > 20_000));
  await agent.ask("stop");
  const records = await agent.fetch();
  for (let lane = 0; lane < 4; lane++) expect(endOf(records, lane)).toMatchObject({ how: "stopped", stale: 0 });
});

test.each([
  ["zero", 0, 0.01],
  ["text", 0.25, 0.42],
  ["random", 0.99, 1.01],
] as const)("content %s compresses as it should, fresh and after it was written to", async (content, least, most) => {
  await using agent = await Agent.start(
    `memory-write --size ${SIZE} --content ${content} --bytes 4096 --rate 40000000`,
  );
  const lane = agent.processes()[1]!;
  const ratio = (): number => deflateSync(new LaneMemory(lane, SIZE).read()).length / SIZE;
  expect(ratio()).toBeGreaterThanOrEqual(least);
  expect(ratio()).toBeLessThanOrEqual(most);
  await until(async () => (await agent.status()).lanes[0]!.done > 5000);
  expect(ratio()).toBeGreaterThanOrEqual(least);
  expect(ratio()).toBeLessThanOrEqual(most);
});

test("more memory than the machine has is refused with the figures, and nothing is left", async () => {
  const name = `refused-${process.pid}`;
  const words = `start --name ${name} memory-write --size ${2 ** 50} + cpu`;
  const { code, stdout, stderr } = await run(await agentBinary(), words);
  expect(stderr).toMatch(
    /^migrascope-agent: memory-write: it asks for 1125899906842624 bytes of memory, the guest has \d+ available and \d+ of free swap\n$/u,
  );
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect((await run(await agentBinary(), `status --name ${name}`)).code).toBe(1);
});

test("the agent itself takes less than a mebibyte, with its journals full", async () => {
  const directory = "--directory /tmp";
  const kinds = [
    "cpu --level 3",
    `memory-write --size ${SIZE}`,
    `memory-read --size ${SIZE} --pattern random`,
    `disk-write --size ${SIZE} ${directory} --rate 4000000`,
    `disk-read --size ${SIZE} ${directory} --rate 4000000`,
  ];
  for (const kind of kinds) {
    // Windows of a millisecond fill the room in seconds.
    await using agent = await Agent.start(`--window-us 1000 ${kind}`);
    await until(async () => windowsOf(await agent.fetch()).some(({ merged }) => merged > 1));
    await pause(100);
    const { ownMemory } = await agent.status();
    expect(ownMemory, kind).toBeGreaterThan(600_000);
    expect(ownMemory, kind).toBeLessThan(1 << 20);
    const outside = agent.processes().reduce((sum, pid) => sum + proportional(pid), 0);
    const own = kind.startsWith("memory") ? SIZE : 0;
    expect(Math.abs(ownMemory + own - outside), kind).toBeLessThan(64 * 1024);
  }
});

/** Bytes that a process takes, shared ones by its share, as the kernel sums them up. */
function proportional(pid: number): number {
  return Number(/^Pss: +(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))![1]) * 1024;
}

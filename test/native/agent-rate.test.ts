/** How exactly the agent keeps its rate, and what it does when the machine stands still. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AgentRecord, WindowRecord } from "../../src/model/agent.ts";
import { Agent, endOf, fieldsOf, halt, laneOf, PAGE, pause, runFor, until, windowsOf } from "./agent-inside.ts";

const sum = (windows: readonly WindowRecord[], of: (window: WindowRecord) => number): number =>
  windows.reduce((total, window) => total + of(window), 0);

/** Units that a window's rate asks for in the time in which it was not stalled. */
const asked = ({ asked: units, length, stalled }: WindowRecord): number => units! * (1 - Math.min(1, stalled / length));

/** Each row of windows that is a second long, whichever it begins with. */
function seconds(windows: readonly WindowRecord[]): WindowRecord[][] {
  const rows: WindowRecord[][] = [];
  for (let first = 0, end = 0, length = 0; first < windows.length; length -= windows[first]!.length, first++) {
    while (length < 1e9 && end < windows.length) length += windows[end++]!.length;
    if (length >= 1e9) rows.push(windows.slice(first, end));
  }
  return rows;
}

/** Readings of how long a process has waited for a processor that others had: the machine's load, not the agent's fault. */
class Waiting {
  readonly #readings: { readonly at: number; readonly waited: number }[] = [];
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#read();
    this.#timer = setInterval(() => this.#read(), 50);
  }

  #read(): void {
    const { at, waited } = look(this.#pid);
    this.#readings.push({ at, waited });
  }

  end(): void {
    clearInterval(this.#timer);
    this.#read();
  }

  /** Nanoseconds during some windows, at most. */
  during(windows: readonly WindowRecord[]): number {
    const from = windows[0]!.start.mono * 1000;
    const to = windows.at(-1)!.start.mono * 1000 + windows.at(-1)!.length;
    const before = this.#readings.findLast(({ at }) => at <= from) ?? this.#readings[0]!;
    const after = this.#readings.find(({ at }) => at >= to) ?? this.#readings.at(-1)!;
    return after.waited - before.waited;
  }
}

/**
 * In each second within 1 % (of its fastest rate, where a trace changes it), over all of it within 0.1 %, and a unit more or less at each end. Less is right only for
 * what the machine gave to others, in waits too short for a stall; more is never right.
 */
function expectRate(records: readonly AgentRecord[], lane: number, waiting: Waiting): void {
  const windows = windowsOf(records, lane);
  const all = seconds(windows);
  expect(all.length).toBeGreaterThan(10);
  for (const [rows, share] of [...all.map((row) => [row, 0.01] as const), [windows, 0.001] as const]) {
    const done = sum(rows, (window) => window.done);
    const due = sum(rows, asked);
    const waited = waiting.during(rows);
    const fastest = Math.max(...rows.map((window) => window.asked! / window.length));
    const words = `${done} of ${due.toFixed(1)} units in ${rows.length} windows, in which it waited for ${waited} ns`;
    const length = sum(rows, (window) => window.length);
    expect(done, words).toBeLessThanOrEqual(due + length * share * fastest + 2);
    expect(done, words).toBeGreaterThanOrEqual(due - Math.max(length * share, waited) * fastest - 2);
  }
}

/** Works for so many seconds, and keeps the rate in each of its lanes. @returns the records. */
async function keepsRate(length: number, words: string): Promise<AgentRecord[]> {
  await using agent = await Agent.start(words);
  const waiting = agent
    .processes()
    .slice(1)
    .map((pid) => new Waiting(pid));
  await pause(length * 1000);
  for (const one of waiting) one.end();
  await agent.ask("stop");
  const records = await agent.fetch();
  for (const [lane, one] of waiting.entries()) expectRate(records, lane, one);
  return records;
}

test("1 MB/s and 20 MB/s, at the same time: right in each second and over all of them", async () => {
  const words = `memory-write --size ${4096 * PAGE} --pattern random`;
  const records = await keepsRate(15, `${words} --rate 1000000 + ${words} --rate 20000000`);
  for (const [lane, rate] of [1e6, 20e6].entries()) {
    const windows = windowsOf(records, lane);
    const perSecond = sum(windows, (window) => window.asked!) / sum(windows, (window) => window.length / 1e9);
    expect((perSecond * PAGE) / rate).toBeCloseTo(1, 4);
  }
});

test("half of what it does flat out: right in each second and over all of them", async () => {
  const words = `memory-write --size ${4096 * PAGE}`;
  const flatOut = windowsOf(await runFor(2, words));
  for (const window of flatOut) expect(window.asked).toBeNull();
  const most = (sum(flatOut, (window) => window.done) * PAGE) / sum(flatOut, (window) => window.length / 1e9);
  await keepsRate(10, `${words} --rate ${Math.round(most / 2)}`);
});

test("a trace is followed: steps, idle times, and again from its start", async () => {
  const steps = [
    { for: 300, rate: 40e6 },
    { for: 200, rate: 0 },
    { for: 500, rate: 4e6 },
  ];
  const trace = steps.map((step) => `${step.for}:${step.rate}`).join(",");
  const records = await keepsRate(6, `--window-us 20000 memory-write --size ${256 * PAGE} --trace ${trace}`);
  const windows = windowsOf(records);
  const start = windows[0]!.start.mono;
  for (const { start: at, length, done, stalled } of windows) {
    // Windows within the idle step; a quantum, and what is made up for, may reach into its beginning.
    const from = ((at.mono - start) / 1000) % 1000;
    if (from > 350 && from + length / 1e6 < 499 && stalled === 0) expect(done, `at ${from} ms`).toBe(0);
  }
  const perCycle = steps.reduce((bytes, step) => bytes + (step.for / 1000) * step.rate, 0);
  const perSecond = sum(windows, (window) => window.asked!) / sum(windows, (window) => window.length / 1e9);
  expect(perSecond * PAGE).toBeGreaterThan(perCycle * 0.9);
  expect(perSecond * PAGE).toBeLessThan(perCycle * 1.1);
});

test("windows follow each other without a gap, and their sums are those of the end", async () => {
  const records = await runFor(3, `--window-us 10000 memory-write --size ${256 * PAGE} + cpu --level 5`);
  for (const lane of [0, 1]) {
    const windows = windowsOf(records, lane);
    const end = endOf(records, lane);
    expect(windows.length).toBeGreaterThan(20);
    expect(sum(windows, (window) => window.done)).toBe(end.done);
    expect(sum(windows, (window) => window.operations)).toBe(end.operations);
    for (const [index, { start, length, latency, operations, pause: longest }] of windows.entries()) {
      const next = windows[index + 1]?.start ?? end.at;
      const gap = next.mono - (start.mono + length / 1000);
      // Instants are cut to microseconds.
      expect(Math.abs(gap), `after window ${index}`).toBeLessThanOrEqual(index + 1 < windows.length ? 1 : 1e6);
      expect(latency === null).toBe(operations === 0);
      if (latency === null) continue;
      const { p50, p90, p99, max } = latency;
      expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].sort((a, b) => a - b));
      expect(longest).toBeGreaterThanOrEqual(max);
    }
  }
});

test("what stands still for half a second has a stall of that length, makes nothing up for it, and goes on as before", async () => {
  await using agent = await Agent.start(`memory-write --size ${4096 * PAGE} --rate 20000000`);
  const lane = agent.processes()[1]!;
  const waiting = new Waiting(lane);
  const second = 20e6 / PAGE;
  await until(async () => (await agent.status()).lanes[0]!.done > 2 * second);
  const now = (): number => Number(process.hrtime.bigint() / 1000n);
  const before = now();
  await halt(lane);
  const stopped = now();
  await pause(500);
  const released = now();
  process.kill(lane, "SIGCONT");
  const { done } = (await agent.status()).lanes[0]!;
  await until(async () => (await agent.status()).lanes[0]!.done > done + 3 * second);
  waiting.end();
  await agent.ask("stop");
  const records = await agent.fetch();

  const stalls = records.flatMap((one) => (one.record === "stall" ? [one] : []));
  const ours = stalls.find(({ start, length }) => start.mono < released && start.mono + length / 1000 > stopped)!;
  // It begins when the next quantum should have been served: asleep until then, nothing is missing yet.
  const quantum = 2000;
  expect(ours.start.mono).toBeGreaterThan(before - 100_000);
  expect(ours.start.mono).toBeLessThanOrEqual(stopped + quantum);
  expect(ours.start.mono + ours.length / 1000).toBeGreaterThanOrEqual(released);
  expect(ours.length / 1000).toBeGreaterThanOrEqual(released - stopped - quantum);

  const windows = windowsOf(records);
  const after = windows.filter(({ start }) => start.mono > released);
  const [first] = after;
  // The windows of the stall itself, and the ten of a second that follow.
  const held = windows.find(
    ({ start, length }) => start.mono <= stopped + quantum && start.mono + length / 1000 >= released,
  )!;
  expect(held.stalled).toBeGreaterThanOrEqual(ours.length);
  expect(held.pause).toBe(ours.length);
  expect(held.done).toBeLessThanOrEqual(asked(held) * 1.25 + 0.011 * second + 1);
  for (const window of after.filter(({ start }) => start.mono < first!.start.mono + 1_000_000))
    expect(window.done).toBeLessThanOrEqual(window.asked! * 1.25 + 0.00125 * second + 1);
  expectRate(records, 0, waiting);
});

test.each([1, 5, 10])("cpu level %i: busy, and in user mode or the kernel, as the level says", async (level) => {
  await using agent = await Agent.start(`cpu --level ${level}`);
  const lane = agent.processes()[1]!;
  const looks = [look(lane)];
  await pause(5000);
  looks.push(look(lane));
  await agent.ask("stop");
  const [from, to] = looks as [Look, Look];
  // Time in which it wanted to run and others did is nobody's fault.
  const busy = (to.ran - from.ran) / (to.at - from.at - (to.waited - from.waited));
  expect(busy).toBeGreaterThan((27 + level - 1) / 36 - 0.06);
  expect(busy).toBeLessThanOrEqual((27 + level - 1) / 36 + 0.06);
  const inKernel = (to.system - from.system) / (to.system - from.system + to.user - from.user);
  expect(inKernel).toBeGreaterThanOrEqual((level - 1) / 9 - 0.08);
  expect(inKernel).toBeLessThanOrEqual((level - 1) / 9 + 0.08);
  const records = await agent.fetch();
  expect(laneOf(records)).toMatchObject({ kind: "cpu", unit: "slice", unitBytes: 0, distinct: "unknown" });
  const end = endOf(records);
  expect(Math.abs(end.system / (end.system + end.user) - (level - 1) / 9)).toBeLessThan(0.08);
});

interface Look {
  /** Nanoseconds. */
  readonly at: number;
  readonly ran: number;
  readonly waited: number;
  /** Ticks. */
  readonly user: number;
  readonly system: number;
}

function look(pid: number): Look {
  const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number) as [number, number];
  const fields = fieldsOf(pid);
  return { at: Number(process.hrtime.bigint()), ran, waited, user: Number(fields[11]), system: Number(fields[12]) };
}

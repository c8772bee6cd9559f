import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { analyzeRun, stringifyResult } from "../../src/analysis/analyze.ts";
import type { AgentRecord } from "../../src/model/agent.ts";
import { Result } from "../../src/model/result.ts";
import { agentRecords, type GuestWorld, TICK, TYPICAL } from "./guest-world.ts";
import { at, type Guest, TRUTH, writeRun } from "./run-world.ts";

const ORIGIN = at(0).mono;
const WORLD: GuestWorld = { ...TYPICAL, stop: TRUTH.stop, resume: TRUTH.resume, drift: 1e-5 };
const MEMORY = { kind: "memory-write", size: "64MiB", pattern: "random", content: "text" };
const memory = (world: GuestWorld = WORLD): Guest => ({
  workload: MEMORY,
  world,
  records: agentRecords(world, ORIGIN),
});
const changed = (guest: Guest, change: (record: AgentRecord) => AgentRecord | null): Guest => ({
  ...guest,
  records: guest.records.flatMap((record) => change(record) ?? []),
});

const written: string[] = [];
const write = (guest?: Guest): string => {
  written.push(writeRun(guest));
  return written.at(-1)!;
};
afterEach(() => {
  for (const directory of written.splice(0)) rmSync(directory, { recursive: true });
});
const quietOf = async (guest?: Guest) => (await analyzeRun(write(guest))).result.trials[0]!.passes[0]!;

describe("a pass with a workload", () => {
  test.each([
    ["stops", true],
    ["runs on", false],
  ])("knows the blackout from inside when the guest's clock %s with the VM", async (_, clockStops) => {
    const blackout = TRUTH.resume - TRUTH.stop;
    const { measurements: found } = await quietOf(memory({ ...WORLD, clockStops }));
    expect(found.blackoutInside!.low).toBeLessThanOrEqual(blackout + 2 * TICK);
    expect(found.blackoutInside!.high).toBeGreaterThanOrEqual(blackout);
    expect(Math.abs(found.blackoutInside!.value! - blackout)).toBeLessThan(3 * TICK);
    expect(found.blackoutInside!.source).toContain("STOP on the source");
    expect(found.guestClockLost!.value).toBeCloseTo(clockStops ? blackout : 0, 3);
    // 50 ms in windows of 100 ms: no window shows it, the hypervisor does.
    expect(found.brownout10!.value).toBeCloseTo(blackout, 3);
    expect(found.workLost).toMatchObject({ unit: "bytes", value: expect.closeTo(blackout * 5000 * 4096, -6) });
    expect(found.peakLatency!.value).toBeGreaterThan(blackout - 1e-3);
    expect(found.stalePages!.value).toBe(0);
  });

  test("says of each workload what it experienced", async () => {
    const { workloads, invalid, dirtyTracking } = await quietOf(memory());
    expect(workloads).toHaveLength(1);
    expect(workloads[0]).toMatchObject({
      lane: 0,
      kind: "memory-write",
      title: "memory-write, 64 MiB, random, text as content, flat out",
      unit: "bytes",
      asked: { value: null, unit: "bytes/s", unknown: "it runs flat out" },
      before: { value: expect.closeTo(5000 * 4096, -5), unit: "bytes/s" },
      after: { value: expect.closeTo(5000 * 4096, -5) },
      cpu: { user: { value: expect.closeTo(4 / 16, 1) }, system: { value: expect.closeTo(1 / 16, 1) } },
      end: { how: "stopped" },
    });
    expect(workloads[0]!.during.value).toBeCloseTo((5000 * 4096 * 1.05) / 1.1, -6);
    expect(invalid).toEqual([]);
    expect(dirtyTracking).toEqual([]);
  });

  test("draws its windows in real time", async () => {
    const { series } = await analyzeRun(write(memory()));
    const [column] = series[0]!.workloads;
    expect(column).toMatchObject({ lane: 0, side: "guest", unit: "bytes" });
    const holds = column!.end.findIndex((end) => end > TRUTH.resume);
    expect(column!.end[holds]! - column!.start[holds]!).toBeCloseTo(0.15, 2);
    expect(column!.rate[holds]! / column!.rate[holds - 2]!).toBeCloseTo(2 / 3, 1);
    expect(Number.isNaN(column!.asked[0])).toBe(true);
  });

  test("writes a result that reads back as it was", async () => {
    const text = stringifyResult((await analyzeRun(write(memory()))).result);
    expect(stringifyResult(Result.parse(JSON.parse(text)))).toBe(text);
  });

  test("without one has none of its measurements, rather than a dozen unknowns", async () => {
    const { measurements, workloads } = await quietOf();
    expect(workloads).toEqual([]);
    for (const id of ["blackoutInside", "guestClockLost", "brownout90", "workLost", "peakLatency", "stalePages"])
      expect(measurements[id], id).toBeUndefined();
  });

  test("knows nothing on the axis without comparisons of the guest's clock, but what needs none", async () => {
    const directory = write(memory());
    const path = join(directory, "trials/001-idle-1/quiet/pass.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), guestClocks: [] }));
    const { measurements, workloads } = (await analyzeRun(directory)).result.trials[0]!.passes[0]!;
    for (const id of ["blackoutInside", "guestClockLost", "brownout50", "workLost", "peakLatency"])
      expect(measurements[id], id).toMatchObject({
        value: null,
        unknown: "the guest's clock was not compared with ours",
      });
    expect(measurements.stalePages!.value).toBe(0);
    expect(workloads[0]!.cpu.user.value).not.toBeNull();
    expect(workloads[0]!.before.value).toBeNull();
  });

  test("says that its records are absent, of each workload", async () => {
    const directory = write(memory());
    rmSync(join(directory, "trials/001-idle-1/quiet/workload.jsonl"));
    const { workloads, measurements } = (await analyzeRun(directory)).result.trials[0]!.passes[0]!;
    expect(workloads[0]).toMatchObject({
      before: { value: null, unknown: "workload.jsonl is absent" },
      end: { how: "unknown" },
    });
    expect(measurements.stalePages).toMatchObject({ value: null, unknown: "workload.jsonl is absent" });
  });

  test("counts operations where a workload handles no data", async () => {
    const records = agentRecords(WORLD, ORIGIN, { kind: "cpu", unit: "slice", unitBytes: 0 });
    const { workloads, measurements } = await quietOf({ workload: { kind: "cpu" }, world: WORLD, records });
    expect(workloads[0]).toMatchObject({ unit: "count", title: "cpu, level 10", before: { unit: "count" } });
    expect(workloads[0]!.before.value).toBeCloseTo(5000, -2);
    expect(measurements.workLost).toMatchObject({ unit: "count" });
    expect(measurements.stalePages).toMatchObject({ value: null, unknown: "no workload checked what it found" });
  });

  test("says what was asked of a paced one", async () => {
    const guest = changed(memory(), (record) => (record.record === "window" ? { ...record, asked: 550 } : record));
    const { workloads } = await quietOf(guest);
    expect(workloads[0]!.asked.value).toBeCloseTo(5500 * 4096, -6);
  });

  test("warns of pages that were not what was last written to them", async () => {
    const guest = changed(memory(), (record) => (record.record === "end" ? { ...record, stale: 3 } : record));
    const { measurements, warnings } = await quietOf(guest);
    expect(measurements.stalePages!.value).toBe(3);
    expect(warnings.join()).toContain("workload 0 (memory-write) found 3 pages that did not hold");
  });
});

test("survives records that are cut, changed or missing anywhere", { timeout: 120_000 }, async () => {
  const directory = write({ ...memory(), dirtyRate: [] });
  const path = join(directory, "trials/001-idle-1/quiet/workload.jsonl");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(lines.length - 1), { maxLength: 5 }),
      fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      async (without, share) => {
        const kept = lines
          .filter((_, i) => !without.includes(i))
          .map((line) => `${line}\n`)
          .join("");
        writeFileSync(path, share === null ? kept : kept.slice(0, Math.floor(kept.length * share)));
        const { result } = await analyzeRun(directory);
        const { warnings } = result.trials[0]!.passes[0]!;
        expect(warnings.filter((text) => text.includes("could not be computed"))).toEqual([]);
        stringifyResult(result);
      },
    ),
    { numRuns: 30 },
  );
});

describe("a workload that died makes the pass invalid", () => {
  const died = (reason: string): Guest =>
    changed(memory(), (record) => (record.record === "end" ? { ...record, how: "died", reason } : record));

  test("in words", async () => {
    const { invalid, workloads } = await quietOf(died("out of memory"));
    expect(invalid).toEqual(["workload 0 (memory-write) died: out of memory"]);
    expect(workloads[0]!.end).toEqual({ how: "died", reason: "out of memory" });
  });
  test("once, where the trial said so itself", async () => {
    const told = ["the disk is full", "workload 0 (memory-write) died: out of memory"];
    expect((await quietOf({ ...died("out of memory"), invalid: told })).invalid).toEqual(told);
  });
  test("as does one without an end", async () => {
    const guest = changed(memory(), (record) => (record.record === "end" ? null : record));
    expect((await quietOf(guest)).invalid.join()).toBe("workload 0 (memory-write) left no account of its end");
  });
});

describe("a network workload", () => {
  const discontinuity = (kind: "lost" | "reordered" | "duplicate" | "broken", t: number, count: number) =>
    ({
      record: "discontinuity",
      lane: 0,
      kind,
      at: at(t),
      since: at(t - 0.01 * count),
      sequence: 7,
      count,
    }) satisfies AgentRecord;
  const peerOf = (records: readonly AgentRecord[], more: readonly AgentRecord[]): AgentRecord[] => [
    ...records.map((record) => (record.record === "agent" ? { ...record, side: "peer" as const } : record)),
    ...more,
  ];
  /** The peer's clock is ours, and it receives nothing while the VM stands still. */
  const OURS: GuestWorld = { ...WORLD, offset: 0, drift: 0, clockStops: false };
  const LANE = { kind: "udp", unit: "datagram", unitBytes: 1024, touched: 0 } as const;

  test("counts by the side that receives, and takes back what came late after all", async () => {
    const peer = peerOf(agentRecords(OURS, ORIGIN, LANE), [
      discontinuity("lost", 1, 5),
      discontinuity("reordered", 1.01, 2),
      discontinuity("duplicate", 1.02, 1),
    ]);
    const guest = { workload: { kind: "udp" }, world: WORLD, records: agentRecords(WORLD, ORIGIN, LANE), peer };
    const { workloads } = await quietOf(guest);
    expect(workloads[0]!.network).toMatchObject({
      lost: { value: 3, low: 3, high: 3, source: "peer.jsonl" },
      reordered: { value: 2 },
      duplicates: { value: 1 },
      breaks: { value: null, unknown: "UDP has no connection" },
      omitted: 0,
    });
    expect(workloads[0]!.network!.events.map(({ side, kind, t }) => ({ side, kind, t }))).toEqual([
      { side: "peer", kind: "lost", t: 1 },
      { side: "peer", kind: "reordered", t: expect.closeTo(1.01, 6) },
      { side: "peer", kind: "duplicate", t: expect.closeTo(1.02, 6) },
    ]);
  });

  test("lists at most 200 events, the longest, and counts the others", async () => {
    const many = Array.from({ length: 250 }, (_, i) => discontinuity("lost", 2 + i * 0.01, 1 + (i % 50)));
    const peer = peerOf(agentRecords(OURS, ORIGIN, LANE), many);
    const guest = { workload: { kind: "udp" }, world: WORLD, records: agentRecords(WORLD, ORIGIN, LANE), peer };
    const { network } = (await quietOf(guest)).workloads[0]!;
    expect(network!.omitted).toBe(50);
    expect(network!.events).toHaveLength(200);
    expect(Math.min(...network!.events.map(({ count }) => count))).toBe(11);
    expect(network!.events.map(({ t }) => t)).toEqual(network!.events.map(({ t }) => t).sort((a, b) => a - b));
  });

  test.each([
    ["receive", "workload.jsonl"],
    ["send", "peer.jsonl"],
  ] as const)(
    "shows no change of the delay that is only the step of the guest's clock: %s",
    async (direction, source) => {
      // A constant way of 0.5 ms, whoever stamps and whoever reads.
      const delayed = (world: GuestWorld, sign: 1 | -1): AgentRecord[] =>
        agentRecords(world, ORIGIN, LANE).map((record) => {
          if (record.record !== "window") return record;
          const recorded = (record.start.mono - ORIGIN) / 1e6;
          const before = recorded < world.offset + world.stop * (1 + world.drift);
          const offset = WORLD.offset - (before ? 0 : WORLD.resume - WORLD.stop);
          const ns = Math.round((5e-4 + sign * offset) * 1e9);
          return { ...record, oneWayDelay: { low: ns, median: ns, high: ns } };
        });
      const records = delayed(WORLD, 1);
      const peer = peerOf(delayed(OURS, -1), []);
      const { network } = (await quietOf({ workload: { kind: "udp", direction }, world: WORLD, records, peer }))
        .workloads[0]!;
      expect(network!.lost.source).toBe(source);
      expect(network!.delayChange.value).toBeCloseTo(0, 3);
      expect(network!.delayChange.low).toBeLessThanOrEqual(0);
      expect(network!.delayChange.high).toBeLessThan(0.055);
    },
  );
});

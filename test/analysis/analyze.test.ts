import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { analyzeRun, stringifyResult } from "../../src/analysis/analyze.ts";
import { DEFINITIONS } from "../../src/analysis/measurements/registry.ts";
import { Result } from "../../src/model/result.ts";
import { at, BYTES, TRUTH, writeRun } from "./run-world.ts";
import { probeBytes } from "./world.ts";

let directory: string;
const inPass = (pass: string, name: string): string => join(directory, "trials", "001-idle-1", pass, name);
beforeEach(() => {
  directory = writeRun();
});
afterEach(() => rmSync(directory, { recursive: true }));

const trialOf = async () => (await analyzeRun(directory)).result.trials[0]!;
const probedOf = async () => (await trialOf()).passes[1]!;

describe("the analysis of a run", () => {
  test("finds what is true in a synthetic world", async () => {
    const { measurements: found, passes } = await trialOf();
    expect(found.totalTime!.value).toBeCloseTo(1.12, 6);
    expect(passes[0]!.measurements.totalTime!.value).toBeCloseTo(TRUTH.completed, 6);
    expect(found.blackout).toMatchObject({ value: expect.closeTo(TRUTH.resume - TRUTH.stop, 6), unit: "s" });
    expect(found.blackout!.high! - found.blackout!.low!).toBeCloseTo(2 * 3e-4, 5);
    expect(found.downtime!.low).toBeLessThanOrEqual(0.08);
    expect(found.downtime!.high).toBeGreaterThanOrEqual(0.08);
    expect(Math.abs(found.downtime!.value! - 0.08)).toBeLessThanOrEqual(1e-3);
    expect(found.transferred!.low).toBeLessThanOrEqual(BYTES);
    expect(found.transferred!.high).toBeGreaterThanOrEqual(BYTES);
    expect(found.transferredByInterfaces!.value).toBe(BYTES);
    expect(found.probingCostTotalTime!.value).toBeCloseTo(0.02, 6);
    expect(passes[1]!.fates).toEqual({
      "answered-by-source": 3000,
      "lost-at-source": 80,
      "answered-by-destination": 2920,
    });
    expect(passes[1]!.announcements).toEqual([{ t: TRUTH.announced, kind: "rarp", seenAt: "destination" }]);
    expect(passes.flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  test("puts the outage's segments in order, and they add up", async () => {
    const { anatomy } = await probedOf();
    expect(anatomy!.marks.map(({ id }) => id)).toEqual([
      "last-reply-source",
      "stop",
      "resume",
      "first-announcement",
      "first-request-delivered",
      "first-reply",
    ]);
    expect(anatomy!.segments.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(anatomy!.total, 9);
    expect(anatomy!.marks[3]!.t).toBeCloseTo(TRUTH.announced, 6);
  });

  test("gives the same bytes every time and wherever the run lies", async () => {
    const here = stringifyResult((await analyzeRun(directory)).result);
    expect(stringifyResult((await analyzeRun(directory)).result)).toBe(here);
    const elsewhere = mkdtempSync(join(tmpdir(), "moved-"));
    // Something broken too, since messages are where a path would slip in.
    for (const place of [directory, elsewhere]) {
      if (place === elsewhere) cpSync(directory, place, { recursive: true });
      else truncateSync(inPass("probed", "capture-source.pcap"), 1000);
      writeFileSync(join(place, "trials/001-idle-1/quiet/counters.jsonl"), "{}\n");
    }
    const broken = stringifyResult((await analyzeRun(directory)).result);
    expect(stringifyResult((await analyzeRun(elsewhere)).result)).toBe(broken);
    expect(broken).not.toContain(directory);
    rmSync(elsewhere, { recursive: true });
  });

  test("writes a result that reads back as it was", async () => {
    const written = stringifyResult((await analyzeRun(directory)).result);
    expect(stringifyResult(Result.parse(JSON.parse(written)))).toBe(written);
  });

  test("describes every measurement that it gives", async () => {
    const described = new Set(DEFINITIONS.map(({ id }) => id));
    expect(Object.keys((await trialOf()).measurements).filter((id) => !described.has(id))).toEqual([]);
    expect(described.size).toBe(DEFINITIONS.length);
    for (const { definition } of DEFINITIONS) expect(definition.length).toBeGreaterThan(20);
  });

  test("says unknown and why where an artifact is absent, and keeps the rest", async () => {
    rmSync(inPass("probed", "counters.jsonl"));
    const { measurements, warnings } = await probedOf();
    expect(measurements.transferred).toMatchObject({ value: null, unknown: "counters.jsonl is absent" });
    expect(measurements.downtime!.value).not.toBeNull();
    expect(warnings.join()).toContain("counters.jsonl: recorded, but no longer there");
  });

  test("uses a truncated probe log as far as it goes, and says so", async () => {
    truncateSync(inPass("probed", "probes.bin"), 64 + 40 * 12_000 + 11);
    const { measurements, warnings } = await probedOf();
    expect(measurements.downtime!.value).toBeCloseTo(0.08, 2);
    expect(warnings.join()).toContain("probes.bin breaks off at byte 480064");
  });

  test("gives an open outage a lower bound and no value", async () => {
    // The log ends while the VM is out of reach.
    truncateSync(inPass("probed", "probes.bin"), 64 + 40 * (3000 * 3 + 50 * 2));
    const { measurements } = await probedOf();
    expect(measurements.downtime!.value).toBeNull();
    expect(measurements.downtime!.low).toBeGreaterThan(0.04);
    expect(measurements.downtime!.high).toBeUndefined();
  });

  test("knows nothing of an outage that came after the probing had ended", async () => {
    truncateSync(inPass("probed", "probes.bin"), 64 + 40 * 3 * 2500);
    const { measurements } = await probedOf();
    for (const id of ["downtime", "downtimeTotal", "lostProbeTime"])
      expect(measurements[id], id).toMatchObject({
        value: null,
        unknown: expect.stringContaining("before the vCPUs ran again"),
      });
  });

  test("has no downtime of zero where no outage was seen", async () => {
    const ticks = { interval: 1e6, ticks: 6000, outages: [], there: () => 4e5, back: () => 4e5 };
    writeFileSync(inPass("probed", "probes.bin"), probeBytes(ticks));
    const { measurements } = await probedOf();
    expect(measurements.downtime).toMatchObject({ value: null, low: 0, high: expect.closeTo(0.0018, 4) });
    expect(measurements.downtimeTotal).toMatchObject({ value: null, low: 0 });
    expect(measurements.lostProbeTime!.value).toBe(0);
  });

  test("does not take a delay elsewhere for the downtime when the blackout met no probe", async () => {
    const outages = [{ begin: 2.4e9, end: 2.42e9, kind: "hold" as const }];
    const ticks = { interval: 1e6, ticks: 6000, outages, there: () => 4e5, back: () => 4e5 };
    writeFileSync(inPass("probed", "probes.bin"), probeBytes(ticks));
    const { measurements, outages: found, anatomy } = await probedOf();
    expect(found).toMatchObject([{ kind: "delay", during: "migration" }]);
    expect(measurements.downtime!.value).toBeNull();
    expect(anatomy).toBeUndefined();
  });

  test("takes the pause at the source for the place of the outage when the migration came to nothing", async () => {
    const path = inPass("probed", "migration.jsonl");
    const text = readFileSync(path, "utf8").replace('"kind":"completed"', '"kind":"failed"');
    const lines = text
      .split("\n")
      .map((line) =>
        line.includes('"kind":"resume"')
          ? JSON.stringify({ record: "event", kind: "resume-source", host: "source", observed: at(1.079) })
          : line,
      );
    writeFileSync(path, lines.join("\n"));
    const { measurements, outages, anatomy } = await probedOf();
    expect(outages).toMatchObject([{ kind: "outage", during: "blackout" }]);
    expect(measurements.blackout!.value).toBeNull();
    expect(measurements.pauseAtSource!.value).toBeCloseTo(0.079, 6);
    expect(anatomy!.marks[2]).toMatchObject({ id: "resume", t: expect.closeTo(1.079, 6) });
  });

  test("does not make a blackout of stamps that contradict each other", async () => {
    const path = inPass("probed", "pass.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"offset":0.25', '"offset":0.45'));
    const { measurements } = await probedOf();
    expect(measurements.blackout).toMatchObject({ value: null, unknown: expect.stringContaining("before STOP") });
  });

  test("draws no rate before the hypervisor has measured one", async () => {
    const path = inPass("probed", "migration.jsonl");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll('"dirtyRate":1000', '"dirtyRate":0'));
    const { series } = await analyzeRun(directory);
    expect(series[1]!.progress.map(({ dirtyRate }) => dirtyRate)).toEqual([null, 2000, 3000]);
  });

  test("says by what rule a reply is late", async () => {
    const { outageThreshold } = await probedOf();
    expect(outageThreshold!.source).toMatch(/^probes\.bin: twice the 99th percentile of 2000 round trips before/u);
    const quick = { interval: 1e6, ticks: 6000, outages: [], there: () => 5e4, back: () => 5e4 };
    writeFileSync(inPass("probed", "probes.bin"), probeBytes(quick));
    const { outageThreshold: second } = await probedOf();
    expect(second).toMatchObject({ value: 0.0005, source: expect.stringContaining("half the probe interval") });
  });

  test("says when the prober stood still for long", async () => {
    const stall = (tick: number): number => (tick === 1000 ? 5e7 : 0);
    const stalled = { interval: 1e6, ticks: 6000, outages: [], there: () => 4e5, back: () => 4e5, stall };
    writeFileSync(inPass("probed", "probes.bin"), probeBytes(stalled));
    expect((await probedOf()).warnings.join()).toMatch(
      /the prober missed 50 ticks, and sent nothing for up to 5\d\.\d ms/u,
    );
  });

  test("shows a pass that did not end as failed, with what is there", async () => {
    rmSync(inPass("probed", "pass.json"));
    const pass = await probedOf();
    expect(pass.status).toBe("failed");
    expect(pass.failures[0]!.message).toContain("interrupted: the pass did not end");
    expect(pass.measurements.downtime!.value).toBeCloseTo(0.08, 2);
    expect(pass.measurements.transferred!.value).toBeNull();
  });

  test("takes a timeout as censored: it had lasted at least so long", async () => {
    const path = inPass("probed", "migration.jsonl");
    writeFileSync(path, readFileSync(path, "utf8").replace('"kind":"completed"', '"kind":"cancelled"'));
    const { measurements } = await probedOf();
    expect(measurements.totalTime).toMatchObject({ value: null, low: 1.12, unknown: "the migration was cancelled" });
  });

  test("flags a switch and a hypervisor that cannot both be right", async () => {
    const path = inPass("probed", "migration.jsonl");
    writeFileSync(path, readFileSync(path, "utf8").replace("95600000", "50000000"));
    const { ports, warnings } = await probedOf();
    expect(ports.find(({ direction }) => direction === "in")!.disagreement).toContain("hypervisor's own count");
    expect(warnings.join()).toContain("bytes more than the hypervisor's own count");
  });

  test("survives artifacts that are cut or changed anywhere", { timeout: 120_000 }, async () => {
    const names = ["migration.jsonl", "counters.jsonl", "interfaces.jsonl", "statistics.jsonl", "probes.bin"];
    const all = [...names, "capture-source.pcap", "capture-destination.pcap", "pass.json"];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...all),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.nat(255)), { maxLength: 4 }),
        async (name, share, changes) => {
          const path = inPass("probed", name);
          const valid = readFileSync(path);
          const bytes = Buffer.from(valid.subarray(0, Math.ceil(valid.length * share)));
          for (const [at, value] of changes) bytes[Math.floor(at * bytes.length)] = value;
          writeFileSync(path, bytes);
          try {
            stringifyResult((await analyzeRun(directory)).result);
          } finally {
            writeFileSync(path, valid);
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(existsSync(directory)).toBe(true);
  });
});

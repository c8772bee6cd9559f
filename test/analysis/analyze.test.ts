import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { analyzeRun, stringifyResult } from "../../src/analysis/analyze.ts";
import { DEFINITIONS } from "../../src/analysis/measurements/registry.ts";
import { Result } from "../../src/model/result.ts";
import { BYTES, TRUTH, writeRun } from "./run-world.ts";

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

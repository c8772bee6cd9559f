import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRun } from "../../../src/run/read/run.ts";
import { verifyArtifacts } from "../../../src/run/read/verify.ts";
import { writeRun } from "../../analysis/run-world.ts";

let directory: string;
beforeEach(() => {
  directory = writeRun();
});
afterEach(() => rmSync(directory, { recursive: true }));

function changeManifest(change: (manifest: Record<string, unknown>) => void): void {
  const path = join(directory, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  change(manifest);
  writeFileSync(path, JSON.stringify(manifest));
}

describe("a run directory", () => {
  test("is read with its trials and passes, quantities decoded", () => {
    const run = readRun(directory);
    expect(run.trials.map(({ id, status, problem }) => ({ id, status, problem }))).toEqual([
      { id: "001-idle-1", status: "completed", problem: null },
    ]);
    expect(run.trials[0]!.scenario.probe.interval).toBe(1e-3);
    expect(run.trials[0]!.passes.map(({ kind, record }) => [kind, record?.status])).toEqual([
      ["quiet", "completed"],
      ["probed", "completed"],
    ]);
  });

  test("of a newer version is refused by name", () => {
    changeManifest((manifest) => {
      manifest.schema = "migrascope/run/2";
    });
    expect(() => readRun(directory)).toThrow(
      /newer version \(migrascope\/run\/2; this one reads migrascope\/run\/1\)/u,
    );
  });

  test("without or with a broken manifest is no run", () => {
    writeFileSync(join(directory, "manifest.json"), "{");
    expect(() => readRun(directory)).toThrow(expect.objectContaining({ code: "RUN_INVALID" }));
    rmSync(join(directory, "manifest.json"));
    expect(() => readRun(directory)).toThrow(/holds no manifest/u);
  });

  test("whose trial's id leads out of it is refused", () => {
    changeManifest((manifest) => {
      (manifest.trials as { id: string }[])[0]!.id = "../../etc";
    });
    expect(() => readRun(directory)).toThrow(/is no id of a trial/u);
  });

  test("that crashed shows passes that did not end", () => {
    const trial = join(directory, "trials", "001-idle-1");
    rmSync(join(trial, "trial.json"));
    rmSync(join(trial, "probed", "pass.json"));
    const [read] = readRun(directory).trials;
    expect(read).toMatchObject({ status: null, problem: "the trial did not end" });
    expect(read!.passes[1]).toMatchObject({ record: null, problem: expect.stringContaining("did not end") });
  });

  test("tells which artifacts are no longer what was recorded", async () => {
    const [, probed] = readRun(directory).trials[0]!.passes;
    expect(await verifyArtifacts(probed!.directory, probed!.record!.artifacts)).toEqual([]);
    const probes = readFileSync(join(probed!.directory, "probes.bin"));
    probes[70] = probes[70]! ^ 1;
    writeFileSync(join(probed!.directory, "probes.bin"), probes);
    writeFileSync(join(probed!.directory, "counters.jsonl"), "");
    rmSync(join(probed!.directory, "interfaces.jsonl"));
    expect(await verifyArtifacts(probed!.directory, probed!.record!.artifacts)).toEqual([
      expect.stringMatching(/^counters.jsonl: changed .* bytes then, 0 now/u),
      expect.stringMatching(/^interfaces.jsonl: .* no longer there/u),
      expect.stringMatching(/^probes.bin: changed .*its hash is another/u),
    ]);
  });
});

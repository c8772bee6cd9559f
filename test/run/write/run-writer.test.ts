import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Plan } from "../../../src/model/plan.ts";
import { MANIFEST_SCHEMA, type Manifest } from "../../../src/model/run.ts";
import { LabTestbed } from "../../../src/model/testbed.ts";
import { systemClock } from "../../../src/model/time.ts";
import { readRun } from "../../../src/run/read/run.ts";
import { RunWriter } from "../../../src/run/write/run-writer.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-test-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const manifest = (): Manifest => ({
  schema: MANIFEST_SCHEMA,
  id: "run",
  tool: { name: "migrascope", version: "0", node: process.version },
  state: "running",
  started: systemClock(),
  plan: Plan.parse({ name: "p", scenarios: [{ name: "idle" }] }),
  testbed: LabTestbed.parse({}),
  environment: {},
  trials: [{ id: "001-idle", scenario: "idle", repetition: 1, state: "planned" }],
});

test("a directory that holds anything is refused and left as it was", async () => {
  writeFileSync(join(directory, "letter.txt"), "precious");
  await expect(RunWriter.create(directory, manifest())).rejects.toMatchObject({
    code: "FILE_UNWRITABLE",
    message: expect.stringMatching(/already holds letter\.txt/u),
  });
  expect(readdirSync(directory)).toEqual(["letter.txt"]);
});

test("trials of another run, even without its manifest, are not mixed with ours", async () => {
  mkdirSync(join(directory, "trials", "001-idle"), { recursive: true });
  await expect(RunWriter.create(directory, manifest())).rejects.toThrow(/already holds trials/u);
});

test("a directory that cannot be made is said to be so", async () => {
  writeFileSync(join(directory, "file"), "");
  await expect(RunWriter.create(join(directory, "file", "run"), manifest())).rejects.toMatchObject({
    code: "FILE_UNWRITABLE",
  });
});

test("the directory can be read at every moment and says how far the run came", async () => {
  const path = join(directory, "run");
  const run = await RunWriter.create(path, manifest());
  expect(readRun(path)).toMatchObject({ manifest: { state: "running" }, trials: [], notBegun: ["001-idle"] });
  await run.setTrial("001-idle", { state: "running" });
  await run.startPass("001-idle", "quiet");
  expect(readRun(path).trials[0]).toMatchObject({ status: null, passes: [{ kind: "quiet", record: null }] });
  await run.finish("interrupted", systemClock());
  expect(readRun(path).manifest.state).toBe("interrupted");
});

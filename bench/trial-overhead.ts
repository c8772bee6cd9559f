/**
 * Where the time of a trial goes: each phase's seconds, and how much is spent outside of the migration itself.
 *
 *     node bench/trial-overhead.ts [RUN]
 *
 * Without a run directory, it runs the plan `baseline` first. The yardstick is the guest's own boot in the same run, which no
 * tool that starts from a fresh VM can avoid: the ratio says how much more than boot, migration and shutdown a pass costs.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PassResult } from "../src/model/result.ts";
import { Result } from "../src/model/result.ts";

const MIGRATION = new Set(["migrate", "migrate-back"]);
const BOOT = new Set(["power-on", "settle"]);

const own = mkdtempSync(join(tmpdir(), "migrascope-bench-"));
try {
  const directory = process.argv[2] ?? join(own, "run");
  if (process.argv[2] === undefined) {
    execFileSync(
      fileURLToPath(new URL("../bin/migrascope", import.meta.url)),
      ["run", "baseline", "--out", directory],
      { stdio: "inherit" },
    );
  }
  const result = Result.parse(JSON.parse(readFileSync(join(directory, "result.json"), "utf8")));
  for (const kind of ["quiet", "probed"] as const)
    show(
      kind,
      result.trials.flatMap((trial) => trial.passes.filter((pass) => pass.kind === kind)),
    );
} finally {
  rmSync(own, { recursive: true });
}

function show(kind: string, passes: readonly PassResult[]): void {
  const names = passes[0]?.phases.map(({ name }) => name) ?? [];
  const seconds = (pass: PassResult, wanted: (name: string) => boolean): number =>
    pass.phases.filter(({ name }) => wanted(name)).reduce((sum, phase) => sum + phase.seconds, 0);
  const row = (label: string, values: number[]): void => {
    const sorted = values.toSorted((a, b) => a - b);
    const [low, middle, high] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    console.log(
      `  ${label.padEnd(34)} ${[low, middle, high].map((value) => (value ?? Number.NaN).toFixed(2).padStart(8)).join("")}`,
    );
  };
  console.log(`${kind} pass, ${passes.length} passes: seconds, minimum, median, maximum`);
  for (const name of names)
    row(
      name,
      passes.map((pass) => seconds(pass, (other) => other === name)),
    );
  row(
    "all phases",
    passes.map((pass) => seconds(pass, () => true)),
  );
  row(
    "outside of migration",
    passes.map((pass) => seconds(pass, (name) => !MIGRATION.has(name))),
  );
  row(
    "outside of migration / boot",
    passes.map((pass) => seconds(pass, (name) => !MIGRATION.has(name)) / seconds(pass, (name) => BOOT.has(name))),
  );
}

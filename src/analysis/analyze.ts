/** A run directory to its result: pure, so that the same directory gives the same bytes, anywhere and at any time. */
import { z } from "zod";
import { type Measurements, type PassSeries, RESULT_SCHEMA, Result, type TrialResult } from "../model/result.ts";
import type { Manifest } from "../model/run.ts";
import { readRun, type TrialOnDisk } from "../run/read/run.ts";
import { verifyArtifacts } from "../run/read/verify.ts";
import { runMeasurement } from "./measurements/definition.ts";
import { TRIAL_MEASUREMENTS } from "./measurements/probing-cost.ts";
import { openPass } from "./pass.ts";
import { passResult } from "./pass-result.ts";
import { seriesOf } from "./series.ts";

export interface Analysis {
  readonly result: Result;
  /** One per pass, in the order of the result. */
  readonly series: readonly PassSeries[];
}

/**
 * Derives everything from the raw files of a run.
 * @throws MigrascopeError RUN_INVALID when the directory has no manifest that this version reads. Whatever else is
 * missing or broken is said in the result.
 */
export async function analyzeRun(directory: string): Promise<Analysis> {
  const run = readRun(directory);
  const { manifest } = run;
  const trials: TrialResult[] = [];
  const series: PassSeries[] = [];
  for (const trial of run.trials) {
    const analysed = await analyzeTrial(trial, manifest);
    trials.push(analysed.result);
    series.push(...analysed.series);
  }
  const warnings = run.trials.flatMap(({ id, problem }) => (problem === null ? [] : [`${id}: ${problem}`]));
  if (run.notBegun.length > 0) warnings.push(`planned and never begun: ${run.notBegun.join(", ")}`);
  return { result: rounded({ schema: RESULT_SCHEMA, run: runOf(manifest), warnings, trials }), series };
}

/** No clock here tells less than a nanosecond: digits beyond are the arithmetic's, and only in a reader's way. */
function rounded<T>(value: T): T {
  if (typeof value === "number") return (Number.isInteger(value) ? value : Number(value.toFixed(9))) as T;
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, rounded(entry)])) as T;
}

/** The bytes of `result.json`: quantities of the plan with their units, as in the files that people write. */
export const stringifyResult = (result: Result): string => `${JSON.stringify(z.encode(Result, result), null, 2)}\n`;

async function analyzeTrial(trial: TrialOnDisk, manifest: Manifest) {
  const passes: TrialResult["passes"] = [];
  const series: PassSeries[] = [];
  for (const onDisk of trial.passes) {
    const warnings = (await verifyArtifacts(onDisk.directory, onDisk.record?.artifacts ?? [])).sort();
    const pass = openPass(onDisk, trial.scenario, manifest.testbed, (message) => void warnings.push(message));
    passes.push(passResult(pass, manifest.state, warnings));
    series.push(seriesOf(trial.id, pass));
  }
  const result: TrialResult = {
    id: trial.id,
    scenario: trial.scenario.name,
    definition: trial.scenario,
    repetition: trial.repetition,
    hypervisor: manifest.testbed.hypervisor,
    accelerator: firstHost(passes)?.accelerator ?? "unknown",
    status: trial.status ?? (manifest.state === "interrupted" ? "cancelled" : "failed"),
    passes,
    measurements: trialMeasurements(passes),
  };
  return { result, series };
}

const firstHost = (passes: TrialResult["passes"]) => passes.flatMap(({ hosts }) => hosts)[0];

/** Those of the probed pass, plus what needs both. Without a probed pass nothing stands in for it. */
function trialMeasurements(passes: TrialResult["passes"]): Measurements {
  const of = (kind: string): Measurements | null => passes.find((pass) => pass.kind === kind)?.measurements ?? null;
  const both = { quiet: of("quiet"), probed: of("probed") };
  const costs = TRIAL_MEASUREMENTS.map((one) => [one.id, runMeasurement(one, both, () => {})] as const);
  return { ...both.probed, ...Object.fromEntries(costs) };
}

function runOf({ id, state, plan, started, tool, testbed, environment }: Manifest): Result["run"] {
  // The lab has links to a NAS only where it has a NAS.
  const { storage, ...links } = testbed.kind === "lab" ? testbed.links : {};
  return {
    id,
    state,
    plan: plan.name,
    description: plan.description,
    started: new Date(started.wall / 1000).toISOString(),
    tool: `${tool.name} ${tool.version}`,
    testbed: testbed.name,
    environment,
    links: storage && testbed.hypervisor === "libvirt" ? { ...links, storage } : links,
    vm: { memory: testbed.vm.memory, vcpus: testbed.vm.vcpus, disk: testbed.vm.disk },
  };
}

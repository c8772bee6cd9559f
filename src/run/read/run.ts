/** Reader of a run directory: what was planned, how far it came, and where each pass's artifacts are. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MigrascopeError } from "../../model/errors.ts";
import type { Scenario } from "../../model/plan.ts";
import { MANIFEST_SCHEMA, Manifest, PassKind, PassRecord, type Status, TrialRecord } from "../../model/run.ts";
import { readAnyJson, readJson } from "./json.ts";

export interface PassOnDisk {
  readonly kind: PassKind;
  readonly directory: string;
  /** Null: the pass did not end, or its record cannot be read; `problem` says which. */
  readonly record: PassRecord | null;
  readonly problem: string | null;
}

export interface TrialOnDisk {
  readonly id: string;
  readonly scenario: Scenario;
  readonly repetition: number;
  /** Null: the trial did not end. */
  readonly status: Status | null;
  readonly problem: string | null;
  readonly passes: readonly PassOnDisk[];
}

export interface RunOnDisk {
  readonly directory: string;
  readonly manifest: Manifest;
  /** The trials that began, in the manifest's order. */
  readonly trials: readonly TrialOnDisk[];
  /** Trials that were planned and never began. */
  readonly notBegun: readonly string[];
}

/**
 * @throws MigrascopeError RUN_INVALID when there is no readable manifest, or one of a newer version. Everything below
 * the manifest may be missing or broken: that is said in its place.
 */
export function readRun(directory: string): RunOnDisk {
  const path = join(directory, "manifest.json");
  if (!existsSync(path))
    throw new MigrascopeError("RUN_INVALID", `${directory} holds no manifest.json`, { where: directory });
  refuseOtherVersions(path);
  const manifest = readJson(path, Manifest);
  const begun = manifest.trials.filter(({ id, state }) => state !== "planned" || existsSync(trialPath(directory, id)));
  return {
    directory,
    manifest,
    trials: begun.map((entry) => readTrial(directory, manifest, entry)),
    notBegun: manifest.trials.filter((entry) => !begun.includes(entry)).map(({ id }) => id),
  };
}

function refuseOtherVersions(path: string): void {
  const value = readAnyJson(path);
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (schema === MANIFEST_SCHEMA) return;
  const version = /^migrascope\/run\/(\d+)$/u.exec(String(schema))?.[1];
  const ours = Number(MANIFEST_SCHEMA.split("/")[2]);
  const what =
    version !== undefined && Number(version) > ours
      ? `it was written by a newer version (${String(schema)}; this one reads ${MANIFEST_SCHEMA})`
      : `its schema is ${JSON.stringify(schema)}, not ${MANIFEST_SCHEMA}`;
  throw new MigrascopeError("RUN_INVALID", `${path}: ${what}`, { where: path });
}

const trialPath = (directory: string, id: string): string => {
  // An id is a file name; anything else would lead out of the run directory.
  if (!/^[\w.-]+$/u.test(id) || id.startsWith("."))
    throw new MigrascopeError("RUN_INVALID", `${directory}/manifest.json: ${JSON.stringify(id)} is no id of a trial`);
  return join(directory, "trials", id);
};

function readTrial(directory: string, manifest: Manifest, entry: Manifest["trials"][number]): TrialOnDisk {
  const own = trialPath(directory, entry.id);
  const passes = PassKind.options.filter((kind) => existsSync(join(own, kind))).map((kind) => readPass(own, kind));
  const planned = manifest.plan.scenarios.find(({ name }) => name === entry.scenario);
  if (!planned)
    throw new MigrascopeError(
      "RUN_INVALID",
      `${directory}/manifest.json: the plan has no scenario ${JSON.stringify(entry.scenario)}`,
      { where: directory },
    );
  const common = { id: entry.id, repetition: entry.repetition, passes };
  const file = join(own, "trial.json");
  if (!existsSync(file)) return { ...common, scenario: planned, status: null, problem: "the trial did not end" };
  try {
    const record = readJson(file, TrialRecord);
    return { ...common, scenario: record.scenario, status: record.status, problem: null };
  } catch (error) {
    return { ...common, scenario: planned, status: null, problem: relative(error, own) };
  }
}

function readPass(trial: string, kind: PassKind): PassOnDisk {
  const directory = join(trial, kind);
  const file = join(directory, "pass.json");
  if (!existsSync(file)) return { kind, directory, record: null, problem: "the pass did not end (no pass.json)" };
  try {
    return { kind, directory, record: readJson(file, PassRecord), problem: null };
  } catch (error) {
    return { kind, directory, record: null, problem: relative(error, directory) };
  }
}

/** A message without the place of the run on this machine: the same run reads the same anywhere. */
export function relative(error: unknown, directory: string): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(`${directory}/`, "");
}

/** The synthetic run, changed so that it is one of another kind: another scenario, other events, flows and readings. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { analyzeRun } from "../../src/analysis/analyze.ts";
import type { Flow } from "../../src/model/artifacts.ts";
import { at } from "./run-world.ts";

export interface Change {
  /** Beside the scenario's name, as a plan has it. */
  readonly scenario?: object;
  /** Beside what pass.json has. */
  readonly record?: object;
  /** All lines of migration.jsonl after the migrate command. */
  readonly migration?: readonly object[];
  readonly statistics?: readonly object[];
  readonly counters?: null;
  readonly interfaces?: readonly object[];
  readonly flows?: readonly object[];
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Changes both passes of a run that `writeRun` has written. Hashes are made to fit. */
export function changeRun(directory: string, change: Change): void {
  const trial = join(directory, "trials", "001-idle-1");
  merge(join(trial, "trial.json"), (old) => ({
    ...old,
    scenario: { ...(old.scenario as object), ...change.scenario },
  }));
  for (const kind of ["quiet", "probed"]) {
    const file = (name: string): string => join(trial, kind, name);
    const command = { record: "event", kind: "command", host: "source", observed: at(0) };
    if (change.migration) writeFileSync(file("migration.jsonl"), lines([command, ...change.migration]));
    if (change.statistics) writeFileSync(file("statistics.jsonl"), lines(change.statistics));
    if (change.flows) writeFileSync(file("flows-source.jsonl"), lines(change.flows));
    if (change.interfaces) writeFileSync(file("interfaces.jsonl"), lines(change.interfaces));
    if (change.counters === null) writeFileSync(file("counters.jsonl"), "");
    merge(file("pass.json"), (old) => ({ ...old, ...change.record, artifacts: [] }));
  }
}

function merge(path: string, change: (old: Record<string, unknown>) => object): void {
  if (!existsSync(path)) throw new Error(`${path} is not there`);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>)));
}

export const event = (kind: string, t: number, more: object = {}) => ({
  record: "event",
  kind,
  host: "source",
  observed: at(t),
  ...more,
});
export const part = (name: string, start: number, end: number | null): object[] => [
  event("part", start, { detail: name }),
  ...(end === null ? [] : [event("part-end", end, { detail: name })]),
];
export const image = (
  host: "source" | "destination",
  moment: "before" | "after",
  allocatedBlocks: number,
  virtualSize = 2 ** 30,
) => ({
  moment,
  host,
  at: at(moment === "before" ? -3 : 3),
  source: "host",
  memory: {},
  disk: { virtualSize, allocatedBlocks },
});

/** A reading of flows: bytes by their port at the destination, sent by the source in full segments. */
export const flows = (t: number, sent: Readonly<Record<number, number>>, more: object = {}) => ({
  at: at(t),
  flows: Object.entries(sent).map(
    ([port, bytes]): Flow => ({
      protocol: port === "0" ? "other" : "tcp",
      sourcePort: port === "0" ? 0 : 40_000,
      destinationPort: Number(port),
      direction: "out",
      bytes,
      packets: Math.ceil(bytes / 1514),
    }),
  ),
  dropped: 0,
  end: t > 5,
  ...more,
});

export const trialOf = async (directory: string) => (await analyzeRun(directory)).result.trials[0]!;
export const probedOf = async (directory: string) =>
  (await trialOf(directory)).passes.find(({ kind }) => kind === "probed")!;

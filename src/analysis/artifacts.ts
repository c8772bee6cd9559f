/** A pass's artifacts, each read when first asked for. What is absent or broken is `Unknown`, with the reason. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AgentRecord } from "../model/agent.ts";
import {
  ARTIFACT,
  type ArtifactName,
  CounterReading,
  DirtyRateReading,
  FlowReading,
  InterfaceReading,
  StatisticsReading,
} from "../model/artifacts.ts";
import { MigrascopeError } from "../model/errors.ts";
import { MigrationRecord } from "../model/migration.ts";
import { type CaptureLog, readCapture } from "../run/read/capture.ts";
import { readJsonLines } from "../run/read/json.ts";
import { type ProbeLog, readProbes } from "../run/read/probes.ts";
import { relative } from "../run/read/run.ts";
import { lazy, Unknown } from "./unknown.ts";

/** Where on the migration's path a capture was taken. */
export type CapturePlace = "benchmark" | "source" | "destination";
export const CAPTURE_OF: Readonly<Record<CapturePlace, ArtifactName>> = {
  benchmark: ARTIFACT.captureBenchmark,
  source: ARTIFACT.captureSource,
  destination: ARTIFACT.captureDestination,
};

export interface Artifacts {
  migration(): readonly MigrationRecord[];
  counters(): readonly CounterReading[];
  interfaces(): readonly InterfaceReading[];
  statistics(): readonly StatisticsReading[];
  workload(): readonly AgentRecord[];
  peer(): readonly AgentRecord[];
  dirtyRate(): readonly DirtyRateReading[];
  flows(): readonly FlowReading[];
  probes(): ProbeLog;
  capture(place: CapturePlace): CaptureLog;
}

/**
 * @param warn is told of what was only half readable, once per artifact.
 * Every method throws `Unknown` when its artifact is absent or invalid.
 */
export function artifactsOf(directory: string, warn: (message: string) => void): Artifacts {
  const open = <T>(name: ArtifactName, read: (path: string) => T): (() => T) =>
    lazy(() => {
      const path = join(directory, name);
      if (!existsSync(path)) throw new Unknown(`${name} is absent`);
      try {
        return read(path);
      } catch (error) {
        if (!(error instanceof MigrascopeError)) throw error;
        const reason = relative(error, directory);
        warn(reason);
        throw new Unknown(reason);
      }
    });
  const lines = <S extends Parameters<typeof readJsonLines>[1]>(name: ArtifactName, schema: S) =>
    open(name, (path) => {
      const { lines: values, cutLine } = readJsonLines(path, schema);
      if (cutLine !== null) warn(`${name}: line ${cutLine} is cut and was left out`);
      return values;
    });
  const probes = open(ARTIFACT.probes, (path) => {
    const log = readProbes(path);
    if (log.truncated) warn(`${ARTIFACT.probes} breaks off at byte ${log.bytes}: the prober did not end as it should`);
    if (log.recordsLost > 0)
      warn(`the prober had no room for ${log.recordsLost} records: some probes may count as lost that were answered`);
    return log;
  });
  const captureAt = (place: CapturePlace): (() => CaptureLog) =>
    open(CAPTURE_OF[place], (path) => {
      const log = readCapture(path, probes().nonce);
      if (log.damage !== null) warn(`${CAPTURE_OF[place]}: ${log.damage}`);
      return log;
    });
  const captures = {
    benchmark: captureAt("benchmark"),
    source: captureAt("source"),
    destination: captureAt("destination"),
  };
  return {
    migration: lines(ARTIFACT.migration, MigrationRecord),
    counters: lines(ARTIFACT.counters, CounterReading),
    interfaces: lines(ARTIFACT.interfaces, InterfaceReading),
    statistics: lines(ARTIFACT.statistics, StatisticsReading),
    workload: lines(ARTIFACT.workload, AgentRecord),
    peer: lines(ARTIFACT.peer, AgentRecord),
    dirtyRate: lines(ARTIFACT.dirtyRate, DirtyRateReading),
    flows: lines(ARTIFACT.flowsSource, FlowReading),
    probes,
    capture: (place) => captures[place](),
  };
}

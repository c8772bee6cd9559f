/** What a pass writes while it runs: the artifacts that grow line by line. */
import { join } from "node:path";
import { ARTIFACT, type DirtyRateReading, type StatisticsReading } from "../model/artifacts.ts";
import { asMigrascopeError } from "../model/errors.ts";
import type { MigrationRecord } from "../model/migration.ts";
import type { Failure } from "../model/run.ts";
import { JsonLines } from "../run/write/files.ts";
import { asFailure } from "./steps.ts";

export interface PassFiles {
  readonly migration: JsonLines<MigrationRecord>;
  readonly statistics: JsonLines<StatisticsReading>;
  readonly dirtyRate: JsonLines<DirtyRateReading>;
}

/** @throws MigrascopeError FILE_UNWRITABLE */
export const openPassFiles = (directory: string): PassFiles => ({
  migration: new JsonLines(join(directory, ARTIFACT.migration)),
  statistics: new JsonLines(join(directory, ARTIFACT.statistics)),
  dirtyRate: new JsonLines(join(directory, ARTIFACT.dirtyRate)),
});

/** Closes all of them. @returns what could not be written. */
export function closeAll(files: readonly { close(): void }[]): Failure[] {
  return files.flatMap((file) => {
    try {
      file.close();
      return [];
    } catch (error) {
      return [asFailure(asMigrascopeError(error))];
    }
  });
}

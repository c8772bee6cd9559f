/** The writing side of a run directory (ARCHITECTURE.md, "The run directory"). */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MigrascopeError } from "../../model/errors.ts";
import type { RunEvent } from "../../model/events.ts";
import { Manifest, type PassKind, PassRecord, TrialRecord } from "../../model/run.ts";
import { describeArtifact, JsonLines, writeJson } from "./files.ts";

export class RunWriter {
  readonly directory: string;
  readonly #events: JsonLines<RunEvent>;
  #manifest: Manifest;

  private constructor(directory: string, manifest: Manifest, events: JsonLines<RunEvent>) {
    this.directory = directory;
    this.#manifest = manifest;
    this.#events = events;
  }

  /**
   * Makes the directory and writes the first manifest.
   * @throws MigrascopeError FILE_UNWRITABLE, also when the directory already holds something: a run is never overwritten.
   */
  static async create(directory: string, manifest: Manifest): Promise<RunWriter> {
    let found: string[];
    try {
      await mkdir(directory, { recursive: true });
      found = await readdir(directory);
      if (found.length === 0) await mkdir(join(directory, "trials"));
    } catch (error) {
      throw new MigrascopeError("FILE_UNWRITABLE", `cannot make ${directory}: ${(error as Error).message}`, {
        where: directory,
        cause: error,
      });
    }
    if (found.length > 0) {
      throw new MigrascopeError(
        "FILE_UNWRITABLE",
        `${directory} already holds ${found[0]}: a run is never overwritten`,
        { where: directory },
      );
    }
    const writer = new RunWriter(directory, manifest, new JsonLines(join(directory, "events.jsonl")));
    await writer.#save();
    return writer;
  }

  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Keeps an event; it never throws in the middle of a trial. A failure is told by `finish`. */
  event(event: RunEvent): void {
    this.#events.append(event);
  }

  async setTrial(id: string, change: Partial<Manifest["trials"][number]>): Promise<void> {
    this.#manifest = {
      ...this.#manifest,
      trials: this.#manifest.trials.map((trial) => (trial.id === id ? { ...trial, ...change } : trial)),
    };
    await this.#save();
  }

  async finish(state: Manifest["state"], ended: Manifest["ended"]): Promise<void> {
    this.#manifest = { ...this.#manifest, state, ended };
    await this.#save();
    this.#events.close();
  }

  /** Makes the directory of a pass and returns its path. */
  async startPass(trial: string, pass: PassKind): Promise<string> {
    const directory = join(this.directory, "trials", trial, pass);
    await mkdir(directory, { recursive: true });
    return directory;
  }

  /** Hashes the artifacts and writes `pass.json`: from now on the pass has ended. */
  async endPass(directory: string, record: Omit<PassRecord, "artifacts">): Promise<void> {
    const names = (await readdir(directory)).sort();
    const artifacts = [];
    for (const name of names) artifacts.push(await describeArtifact(join(directory, name), name));
    await writeJson(join(directory, "pass.json"), z.encode(PassRecord, { ...record, artifacts }));
  }

  async writeTrial(record: TrialRecord): Promise<void> {
    await mkdir(join(this.directory, "trials", record.id), { recursive: true });
    await writeJson(join(this.directory, "trials", record.id, "trial.json"), z.encode(TrialRecord, record));
  }

  async #save(): Promise<void> {
    await writeJson(join(this.directory, "manifest.json"), z.encode(Manifest, this.#manifest));
  }
}

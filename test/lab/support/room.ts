/** A state directory of a test's own, so that tests may overlap with each other and with real labs. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { labDown } from "../../../src/lab/down.ts";
import { labNames } from "../../../src/lab/status.ts";
import { LabTestbed } from "../../../src/model/testbed.ts";

/** The Node that runs the tests, which is the one that Migrascope brings along. */
export const NODE = process.execPath;
export const CLI = fileURLToPath(new URL("cli.ts", import.meta.url));
export const scriptPath = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Room implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "msl-"));
  readonly #before = process.env.MIGRASCOPE_STATE;

  /** From now on this process's labs are the room's. */
  constructor() {
    process.env.MIGRASCOPE_STATE = this.state;
  }

  get state(): string {
    return join(this.directory, "state");
  }

  /** Starts a process, by default Node with a script; its output is collected. */
  start(
    argv: readonly string[],
    input?: "pipe",
  ): { child: ChildProcess; ended: Promise<Ended>; seen(text: string): Promise<void> } {
    const child = spawn(argv[0]!, argv.slice(1), { stdio: [input ?? "ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    const listeners: (() => void)[] = [];
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.on("data", (chunk) => {
        output[stream] += chunk;
        for (const listener of listeners) listener();
      });
    }
    const ended = new Promise<Ended>((resolve) =>
      child.once("close", (code, signal) => resolve({ code, signal, ...output })),
    );
    const seen = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => void (output.stdout.includes(text) && resolve());
        listeners.push(look);
        look();
        void ended.then(() => reject(new Error(`"${text}" never appeared: ${output.stdout}${output.stderr}`)));
      });
    return { child, ended, seen };
  }

  cli(...args: string[]): Promise<Ended> {
    return this.start([NODE, CLI, ...args]).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of labNames()) await labDown(name);
    rmSync(this.directory, { recursive: true, force: true });
    if (this.#before === undefined) delete process.env.MIGRASCOPE_STATE;
    else process.env.MIGRASCOPE_STATE = this.#before;
  }
}

export const testbedNamed = (name: string, more: object = {}): LabTestbed => LabTestbed.parse({ name, ...more });

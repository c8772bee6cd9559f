/** The one implementation of `Machine`: every kind of machine only turns a command into one that this machine can start. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { MigrascopeError } from "../model/errors.ts";
import type { CommandOptions, CommandOutput, Machine, RunningCommand, StartOptions } from "./machine.ts";

/** Output beyond this is a mistake of the caller, who should have used a file. Bytes. */
const OUTPUT_LIMIT = 64 * 2 ** 20;
const STDERR_TAIL = 4000;
const DEFAULT_TIMEOUT = 30;
/** Milliseconds that the last lines of an ended command get to arrive when something still holds its pipes. */
const DRAIN = 500;

export interface Transport {
  readonly name: string;
  /** The local command that runs `argv` on the machine. `longLived`: it must also end when its local process is ended. */
  wrap(
    argv: readonly string[],
    options: { env: Readonly<Record<string, string>>; longLived: boolean },
  ): readonly string[];
  /** Its files are not ours. */
  readonly elsewhere?: true;
  /** How `kill` reaches a long-lived command: by signal to its local process, or by closing its standard input. */
  readonly stopsBy: "signal" | "closed-input";
}

export function machineOver(transport: Transport): Machine {
  return {
    name: transport.name,
    ...(transport.elsewhere && { elsewhere: true }),
    run: (argv, options = {}) => runToEnd(transport, argv, options),
    start: (argv, options = {}) => startLongLived(transport, argv, options),
  };
}

const shown = (argv: readonly string[]): string => argv.join(" ");

function failure(
  transport: Transport,
  argv: readonly string[],
  what: string,
  output: string,
  exitCode?: number,
): MigrascopeError {
  const said = output.trim() === "" ? "" : `: ${output.trim().slice(-STDERR_TAIL)}`;
  return new MigrascopeError("COMMAND_FAILED", `\`${shown(argv)}\` ${what}${said}`, {
    where: transport.name,
    exitCode,
  });
}

function spawnOn(
  transport: Transport,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  longLived: boolean,
  stdout: "pipe" | number,
): ChildProcess {
  const [program, ...args] = transport.wrap(argv, { env, longLived });
  return spawn(program!, args, { stdio: ["pipe", stdout, "pipe"], env: { ...process.env, ...env } });
}

async function runToEnd(
  transport: Transport,
  argv: readonly string[],
  options: CommandOptions,
): Promise<CommandOutput> {
  const interrupted = (): MigrascopeError =>
    new MigrascopeError("CANCELLED", `\`${shown(argv)}\` was interrupted`, { where: transport.name });
  if (options.signal?.aborted) throw interrupted();
  const seconds = options.timeout ?? DEFAULT_TIMEOUT;
  const child = spawnOn(transport, argv, options.env ?? {}, false, "pipe");
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let size = 0;
  let ending: "timeout" | "abort" | "overflow" | undefined;
  const end = (why: typeof ending): void => {
    ending ??= why;
    child.kill("SIGKILL");
    // What it started may live on and hold the pipes: nobody waits for that.
    child.stdout!.destroy();
    child.stderr!.destroy();
  };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]!.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > OUTPUT_LIMIT) end("overflow");
      else chunks[stream].push(chunk);
    });
  }
  child.stdin!.on("error", () => {}); // A command that does not read its input is no failure of ours.
  child.stdin!.end(options.input ?? "");
  const timer = setTimeout(() => end("timeout"), seconds * 1000);
  const onAbort = (): void => end("abort");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const exit = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const stdout = Buffer.concat(chunks.stdout).toString("utf8");
    const stderr = Buffer.concat(chunks.stderr).toString("utf8");
    if (ending === "timeout") {
      throw new MigrascopeError("DEADLINE_EXCEEDED", `\`${shown(argv)}\` did not end within ${seconds} s`, {
        where: transport.name,
      });
    }
    if (ending === "abort") throw interrupted();
    if (ending === "overflow") throw failure(transport, argv, `wrote more than ${OUTPUT_LIMIT} bytes`, stderr);
    if (exit.code !== 0)
      throw failure(
        transport,
        argv,
        exit.signal ? `was ended by ${exit.signal}` : `exited with ${exit.code}`,
        stderr || stdout,
        exit.code ?? undefined,
      );
    return { stdout, stderr };
  } catch (error) {
    if (error instanceof MigrascopeError) throw error;
    throw failure(transport, argv, "could not be started", (error as Error).message);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function startLongLived(
  transport: Transport,
  argv: readonly string[],
  options: StartOptions,
): Promise<RunningCommand> {
  const file = options.stdoutFile === undefined ? undefined : openSync(options.stdoutFile, "w");
  let child: ChildProcess;
  try {
    // An interactive command needs no keeper: the end of its input is its end.
    child = spawnOn(transport, argv, options.env ?? {}, options.interactive !== true, file ?? "pipe");
  } finally {
    if (file !== undefined) closeSync(file);
  }
  const listeners: ((stream: "stdout" | "stderr", line: string) => void)[] = [];
  let stderrTail = "";
  for (const stream of ["stdout", "stderr"] as const) {
    const input = child[stream];
    if (!input) continue;
    createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      if (stream === "stderr") stderrTail = `${stderrTail}${line}\n`.slice(-STDERR_TAIL);
      for (const listener of listeners) listener(stream, line);
    });
  }
  child.stdin!.on("error", () => {});
  const stopsByInput = options.interactive === true || transport.stopsBy === "closed-input";
  if (!stopsByInput) child.stdin!.end();
  const ended = new Promise<Awaited<RunningCommand["ended"]>>((resolve) => {
    const end = (exitCode: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ exitCode, signal, stderrTail });
    // With "close" the last line has been read. A grandchild that holds the pipes must not make an ended command look alive.
    child.once("close", end);
    child.once("exit", (exitCode, signal) => setTimeout(end, DRAIN, exitCode, signal));
    child.once("error", (error) =>
      resolve({ exitCode: null, signal: null, stderrTail: `${stderrTail}${error.message}` }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(failure(transport, argv, "could not be started", error.message)));
  });
  return {
    pid: child.pid!,
    onLine: (listener) => void listeners.push(listener),
    kill: (signal = "SIGTERM") => {
      if (stopsByInput && signal !== "SIGKILL") child.stdin!.end();
      else child.kill(signal);
    },
    write: (text) => void child.stdin!.write(text),
    ended,
  };
}

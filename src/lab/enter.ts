/** Running a command on the lab's benchmark server, and noticing there that whoever started it is gone. */
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";
import { LAB_MARK } from "./directory.ts";
import { enterCommand, labEnvironment } from "./init.ts";
import { childrenOf } from "./processes.ts";
import type { LabState } from "./state.ts";

/** Names the file descriptor that ends when the outer process does. */
const OUTER_MARK = "MIGRASCOPE_OUTER_FD";
const OUTER_FD = 3;
/** What a terminal or a service manager sends; passed on to the inner command. */
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGWINCH"] as const satisfies readonly NodeJS.Signals[];

/**
 * PID 1 of the inner namespace: a shell that reaps orphans while it waits. As PID 1 no signal but SIGKILL reaches it.
 */
const REAPER = '"$@"; exit "$?"';
/** nsenter, unshare, the reaper, the command: how far below the process that we start the command is. */
const GENERATIONS_DOWN = 3;

/**
 * Runs `argv` on the lab's benchmark server, in a PID namespace of its own: when it ends, whatever it started and left
 * ends too. Standard input, output and error are ours.
 *
 * Signals are forwarded to the command alone and once each: it gets a session of its own, or a terminal's Ctrl-C would
 * reach it a second time, and all of its children with it.
 *
 * @returns its exit code, 128 + signal when a signal ended it.
 * @throws MigrascopeError COMMAND_FAILED when it cannot be started.
 */
export async function enterLab(
  state: LabState,
  argv: readonly string[],
  { env = {} }: { env?: Readonly<Record<string, string>> } = {},
): Promise<number> {
  const [program, ...args] = [
    ...enterCommand(state),
    ...["env", `--chdir=${process.cwd()}`],
    ...["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", "--"],
    ...["sh", "-c", REAPER, "sh", ...argv],
  ];
  const child = spawn(program!, args, {
    detached: true,
    // The pipe is never written to. We hold one end, and the kernel closes it however we end.
    stdio: ["inherit", "inherit", "inherit", "pipe"],
    env: { ...process.env, ...env, ...labEnvironment(state.directory), [OUTER_MARK]: String(OUTER_FD) },
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (error) =>
      reject(new MigrascopeError("COMMAND_FAILED", `the lab cannot be entered: ${error.message}`, { cause: error })),
    );
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  const forward = (signal: NodeJS.Signals): void =>
    void forwardSignal(child.pid, signal, () => child.exitCode === null);
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await ended;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/** Delivers a signal to the command itself, as soon as it exists. */
async function forwardSignal(top: number | undefined, signal: NodeJS.Signals, running: () => boolean): Promise<void> {
  while (top !== undefined && running()) {
    const pid = descendant(top, GENERATIONS_DOWN);
    if (pid !== undefined) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended.
      }
      return;
    }
    await sleep(20);
  }
}

/**
 * The first child of the first child … of a process. The first, by the time at which it was started: what the command starts
 * and abandons becomes a child of the reaper too, and process ids begin again from the bottom.
 */
function descendant(pid: number, generations: number): number | undefined {
  if (generations === 0) return pid;
  const [first] = childrenOf(pid).sort((a, b) => a.startTime - b.startTime || a.pid - b.pid);
  return first && descendant(first.pid, generations - 1);
}

/**
 * For the inner process: aborted when the outer one has ended, by whatever means. Never aborted outside of a lab.
 * Does not keep the process alive.
 */
export function whenOuterDies(): AbortSignal {
  const controller = new AbortController();
  if (process.env[OUTER_MARK] !== undefined) {
    const pipe = new Socket({ fd: Number(process.env[OUTER_MARK]), readable: true, writable: false });
    const abort = (): void =>
      controller.abort(new MigrascopeError("CANCELLED", "the process that started this one has ended"));
    pipe.on("error", abort).on("end", abort).resume();
    pipe.unref();
  }
  return controller.signal;
}

/** The directory of the lab that this process is in, or undefined when it is outside. */
export const insideLab = (env: NodeJS.ProcessEnv = process.env): string | undefined => env[LAB_MARK];

/** How commands end: exit codes, the words for errors, and what Ctrl-C does. */
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";

/** `failure`: a migration, a measurement or the machine failed. `usage`: the arguments are wrong. `interrupted`: as shells expect of SIGINT. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Seconds that a lab gets to be taken down after the third Ctrl-C; it needs less than one. */
export const LEAVE_WITHIN = 10;

/** An error in the words for a terminal: what, where, what next. */
export function explain(thrown: unknown): string {
  const error = asMigrascopeError(thrown);
  const place = error.where !== undefined && !error.message.includes(error.where) ? ` [${error.where}]` : "";
  const stack = error.code === "BUG" && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
  return `migrascope: ${error.message}${place}\n  → ${error.advice}${stack}`;
}

/** An interrupt is no failure. */
export const exitCodeOf = (error: unknown): number =>
  error instanceof MigrascopeError && error.code === "CANCELLED" ? EXIT.interrupted : EXIT.failure;

export interface InterruptOptions {
  /** Another reason to end. */
  readonly also?: AbortSignal;
  /** How the user is told that the first one was heard. Default: on standard error. */
  readonly tell?: (message: string) => void;
  /** Seconds that the command still gets after the third one, for what would otherwise be left behind. Default 0. */
  readonly patience?: () => number;
}

/**
 * A signal that the first Ctrl-C (or SIGTERM, SIGHUP) aborts, so that the command can end in order. A third one ends the
 * process at once: someone who presses it three times means it.
 */
export function interruptSignal({ also, tell = onStandardError, patience }: InterruptOptions = {}): AbortSignal {
  const controller = new AbortController();
  let times = 0;
  const onSignal = (): void => {
    times += 1;
    if (times === 1) tell("interrupted: taking down what was started (three times Ctrl-C: leave at once)");
    controller.abort(new MigrascopeError("CANCELLED", "interrupted"));
    if (times === 3) leave(patience?.() ?? 0);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  return also ? AbortSignal.any([controller.signal, also]) : controller.signal;
}

const onStandardError = (message: string): void => void process.stderr.write(`\n${message}\n`);

function leave(patience: number): void {
  if (patience <= 0) process.exit(EXIT.interrupted);
  setTimeout(() => {
    onStandardError("left in the middle: `migrascope lab down --all` removes what is left");
    process.exit(EXIT.interrupted);
  }, patience * 1000).unref();
}

/** A reader that left, or a terminal that was closed. */
const READER_LEFT = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED"]);

/**
 * Lets the process outlive whoever reads its output (`| head -1`): what was started must still be taken down. Any other
 * failure to write, such as a full disk, is told and is a failure of the command.
 */
export function outliveReaders(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (READER_LEFT.has(error.code ?? "")) return;
    onStandardError(`migrascope: cannot write standard output: ${error.message}`);
    process.once("exit", () => {
      process.exitCode ||= EXIT.failure;
    });
  });
}

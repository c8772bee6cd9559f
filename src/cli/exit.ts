/** How commands end: exit codes, the words for errors, and what Ctrl-C does. */
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";

/** `failure`: a migration, a measurement or the machine failed. `usage`: the arguments are wrong. `interrupted`: as shells expect of SIGINT. */
export const EXIT = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** An error in the words for a terminal: what, where, what next. */
export function explain(thrown: unknown): string {
  const error = asMigrascopeError(thrown);
  const place = error.where !== undefined && !error.message.includes(error.where) ? ` [${error.where}]` : "";
  const stack = error.code === "BUG" && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
  return `migrascope: ${error.message}${place}\n  → ${error.advice}${stack}`;
}

/**
 * A signal that the first Ctrl-C (or SIGTERM, SIGHUP) aborts, so that the command can end in order. A third one ends the
 * process at once: someone who presses it three times means it.
 */
export function interruptSignal(also?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  let times = 0;
  const onSignal = (): void => {
    times += 1;
    if (times === 1)
      process.stderr.write("\ninterrupted: taking down what was started (three times Ctrl-C: leave at once)\n");
    controller.abort(new MigrascopeError("CANCELLED", "interrupted"));
    if (times >= 3) process.exit(EXIT.interrupted);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  return also ? AbortSignal.any([controller.signal, also]) : controller.signal;
}

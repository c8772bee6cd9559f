/** What a check of a testbed found, and what a check is. */
import { asMigrascopeError, MigrascopeError } from "../../model/errors.ts";
import type { HostsTestbed } from "../../model/hosts.ts";
import type { HostRole } from "../../model/machines.ts";
import type { Clock } from "../../model/time.ts";
import type { Machine } from "../../remote/machine.ts";

/** `warning`: it will run, and something is lost. `failed`: it cannot run, or would measure the wrong thing. `skipped`: not asked. */
export type Verdict = "ok" | "warning" | "failed" | "skipped";

export interface Finding {
  /** What was looked at: "SSH source", "storage nas". */
  readonly name: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** What mends it: a command, or a key of the testbed's file. */
  readonly mend?: string | undefined;
}

export interface CheckContext {
  readonly testbed: HostsTestbed;
  readonly hosts: Readonly<Record<HostRole, Machine>>;
  /** This machine. */
  readonly benchmark: Machine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Check {
  readonly name: string;
  /** Asked before every run too: it is quick, and sends next to nothing. */
  readonly essential: boolean;
  /** Checks that must not have failed, or this one says nothing. They come before it. */
  readonly needs: readonly string[];
  /** @throws what it could not find out; that is a failure of the check. */
  run(context: CheckContext): Promise<readonly Finding[]>;
}

export const ok = (name: string, detail: string): Finding => ({ name, verdict: "ok", detail });
export const warning = (name: string, detail: string, mend?: string): Finding => ({
  name,
  verdict: "warning",
  detail,
  mend,
});
export const failed = (name: string, detail: string, mend?: string): Finding => ({
  name,
  verdict: "failed",
  detail,
  mend,
});
export const skipped = (name: string, detail: string): Finding => ({ name, verdict: "skipped", detail });

/** What one question ended with, as a finding when it threw. */
export async function asFinding(name: string, question: () => Promise<Finding>): Promise<Finding> {
  try {
    return await question();
  } catch (error) {
    const known = asMigrascopeError(error);
    if (known.code === "CANCELLED" || known.code === "BUG") throw error;
    const mend = known.code === "COMMAND_FAILED" ? undefined : known.advice;
    return failed(name, wordsOf(known), mend);
  }
}

/** The last words of what a failed command said; the whole of any other message. */
export function wordsOf(error: unknown): string {
  const { message } = error as Error;
  const said = error instanceof MigrascopeError && error.code === "COMMAND_FAILED" ? message.split("\n") : [message];
  return said.filter((line) => line.trim() !== "").join("; ");
}

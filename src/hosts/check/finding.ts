/** What a check of a testbed found, and what a check is. */
import { asMigrascopeError, type ErrorCode } from "../../model/errors.ts";
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

/** What one question ended with, as a finding when it threw. @throws CANCELLED, and what is a defect. */
export async function asFinding(name: string, question: () => Promise<Finding>): Promise<Finding> {
  try {
    return await question();
  } catch (error) {
    return failedBy(name, error);
  }
}

/** Their advice only says that the words are above. */
const WORDS_ENOUGH: ReadonlySet<ErrorCode> = new Set(["COMMAND_FAILED", "HYPERVISOR_REFUSED", "DEADLINE_EXCEEDED"]);

/** @throws CANCELLED, and what is a defect. */
export function failedBy(name: string, error: unknown): Finding {
  const known = asMigrascopeError(error);
  if (known.code === "CANCELLED" || known.code === "BUG") throw error;
  return failed(name, wordsOf(known), WORDS_ENOUGH.has(known.code) ? undefined : known.advice);
}

/** What it says, on one line. */
export const wordsOf = (error: unknown): string =>
  (error as Error).message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^@+$/u.test(line))
    .join("; ");

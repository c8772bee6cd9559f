/** Asking a person, or a pipe. */
import { isIPv4, isIPv6 } from "node:net";

export interface Asker {
  /** Shown above the questions. */
  say(text: string): void;
  /**
   * One line. An empty one is the default; without a default it is refused, as is what `check` finds fault with.
   * @throws MigrascopeError CANCELLED by Ctrl-C, ANSWERS_ENDED when the input has ended.
   */
  ask(question: string, options?: AskOptions): Promise<string>;
}

export interface AskOptions {
  readonly default?: string | undefined;
  /** What is wrong with the answer. */
  readonly check?: (answer: string) => string | undefined;
}

/** An answer that may be empty. */
export const optional = (asker: Asker, question: string, check?: AskOptions["check"]): Promise<string> =>
  asker.ask(`${question} (empty: none)`, {
    default: "",
    ...(check && { check: (answer) => (answer === "" ? undefined : check(answer)) }),
  });

export async function confirm(asker: Asker, question: string, otherwise: boolean): Promise<boolean> {
  const answer = await asker.ask(`${question} (yes or no)`, {
    default: otherwise ? "yes" : "no",
    check: (text) => (/^(y|yes|n|no)$/iu.test(text) ? undefined : "answer yes or no"),
  });
  return /^y/iu.test(answer);
}

/** What is wrong with an address of the family, empty if nothing. */
export const addressProblem =
  (family: "ipv4" | "ipv6") =>
  (text: string): string | undefined =>
    (family === "ipv4" ? isIPv4(text) : isIPv6(text))
      ? undefined
      : `that is no ${family === "ipv4" ? "IPv4" : "IPv6"} address`;

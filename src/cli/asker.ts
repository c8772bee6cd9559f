/** Questions on a terminal, or answered by a pipe. */
import { createInterface } from "node:readline";
import type { Asker } from "../hosts/init/ask.ts";
import { MigrascopeError } from "../model/errors.ts";

/**
 * Questions go to standard error, answers come line by line from standard input. The lines of a pipe may all be there before
 * the first question: they are kept, which readline's own `question` does not.
 */
export function terminalAsker(): Asker & Disposable & { readonly interrupted: AbortSignal } {
  const input = process.stdin;
  const lines: string[] = [];
  const controller = new AbortController();
  let waiting: (() => void) | undefined;
  let over = false;
  const reader = createInterface({ input, output: process.stderr, terminal: input.isTTY === true });
  reader.on("line", (line) => {
    lines.push(line);
    waiting?.();
  });
  reader.on("close", () => {
    over = true;
    waiting?.();
  });
  const interrupt = (): void => {
    controller.abort(new MigrascopeError("CANCELLED", "interrupted: nothing was written"));
    reader.close();
  };
  // A terminal in readline's hands gives Ctrl-C to readline; a signal from elsewhere comes to the process.
  reader.on("SIGINT", interrupt);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);

  const nextLine = async (): Promise<string> => {
    while (lines.length === 0 && !over)
      await new Promise<void>((resolve) => {
        waiting = resolve;
      });
    controller.signal.throwIfAborted();
    const line = lines.shift();
    if (line === undefined)
      throw new MigrascopeError("ANSWERS_ENDED", "the input ended before the last question: nothing was written");
    return line.trim();
  };

  return {
    say,
    ask: async (question, options = {}) => {
      for (;;) {
        const offered = options.default ? ` [${options.default}]` : "";
        const prompt = `${question}${offered}: `;
        // A pipe that has ended closes the reader, though its lines have not all been used.
        if (over) process.stderr.write(prompt);
        else {
          reader.setPrompt(prompt);
          reader.prompt();
        }
        const line = await nextLine();
        if (input.isTTY !== true) say("");
        const answer = line === "" ? options.default : line;
        if (answer === undefined) say("  this needs an answer");
        else {
          const problem = answer === options.default ? undefined : options.check?.(answer);
          if (problem === undefined) return answer;
          say(`  ${problem}`);
        }
      }
    },
    interrupted: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, interrupt);
      reader.close();
      input.unref?.();
    },
  };
}

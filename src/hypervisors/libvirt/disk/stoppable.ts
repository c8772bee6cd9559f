/** Commands on a host that may take minutes, and that end there too when they are interrupted here. */
import { MigrascopeError } from "../../../model/errors.ts";
import type { Machine } from "../../../remote/machine.ts";

/** Milliseconds that an interrupted command gets to end. */
const GRACE = 5000;

/**
 * Runs it to its end, without a time limit but the signal's. `Machine.run` would leave it running on the other side of a
 * killed SSH client, writing to files that are being removed.
 * @returns what it wrote to its standard output. @throws MigrascopeError COMMAND_FAILED with its words, CANCELLED.
 */
export async function runStoppable(machine: Machine, argv: readonly string[], signal: AbortSignal): Promise<string> {
  const shown = argv.length > 12 ? `${argv.slice(0, 8).join(" ")} … ${argv.at(-1)}` : argv.join(" ");
  const interrupted = (): MigrascopeError =>
    new MigrascopeError("CANCELLED", `\`${shown}\` was interrupted`, { where: machine.name });
  if (signal.aborted) throw interrupted();
  const command = await machine.start(argv, { env: { LC_ALL: "C" } });
  let output = "";
  command.onLine((stream, line) => {
    if (stream === "stdout") output += `${line}\n`;
  });
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    command.kill();
    killer = setTimeout(() => command.kill("SIGKILL"), GRACE);
  };
  // It may have been aborted while the command was being started.
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const { exitCode, signal: by, stderrTail } = await command.ended;
    if (exitCode === 0) return output;
    if (signal.aborted) throw interrupted();
    const how = exitCode === null ? `was ended by ${by ?? "nothing known"}` : `exited with ${exitCode}`;
    const words = stderrTail.trim() || output.trim().slice(-4000);
    throw new MigrascopeError("COMMAND_FAILED", `\`${shown}\` ${how}${words === "" ? "" : `: ${words}`}`, {
      where: machine.name,
      exitCode: exitCode ?? undefined,
    });
  } finally {
    clearTimeout(killer);
    signal.removeEventListener("abort", stop);
  }
}

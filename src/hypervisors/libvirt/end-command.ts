/** Ending a command that goes on by itself. */
import type { RunningCommand } from "../../remote/machine.ts";

/** Milliseconds that it gets to end in order. The SSH client of a host that does not answer would stay for ever. */
const GRACE = 3000;

/** Resolves when it has ended. Never fails, also for one that has ended already. */
export async function endCommand(command: RunningCommand): Promise<void> {
  command.kill();
  const killer = setTimeout(() => command.kill("SIGKILL"), GRACE);
  await command.ended;
  clearTimeout(killer);
}

/** The guest's clocks against ours: asked and answered over one connection, the quickest answer counts. */
import { GuestClock } from "../model/agent.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import type { Machine } from "../remote/machine.ts";
import { persistently } from "../remote/persistent.ts";

/** Questions, and seconds that all of them may take. */
const QUESTIONS = 40;
const PATIENCE = 20;

/**
 * Each question is answered with the guest's two clocks. The answer was given between question and arrival: half of the
 * shortest of these intervals is the uncertainty (Cristian, 1989).
 * @param agent the agent's path in the guest.
 * @throws MigrascopeError COMMAND_FAILED when the guest does not answer.
 */
export const compareClocks = (
  guest: Machine,
  agent: string,
  moment: GuestClock["moment"],
  clock: Clock,
): Promise<GuestClock> => persistently(() => compareOnce(guest, agent, moment, clock));

async function compareOnce(
  guest: Machine,
  agent: string,
  moment: GuestClock["moment"],
  clock: Clock,
): Promise<GuestClock> {
  const command = await guest.start([agent, "clock"], { interactive: true });
  let heard: (line: string) => void = () => {};
  command.onLine((stream, line) => {
    if (stream === "stdout") heard(line);
  });
  const gone = command.ended.then(({ stderrTail, exitCode }) => {
    throw new MigrascopeError("COMMAND_FAILED", `the guest's clock cannot be read: ${stderrTail.trim()}`, {
      where: guest.name,
      exitCode: exitCode ?? undefined,
    });
  });
  gone.catch(() => {});
  const late = setTimeout(() => command.kill("SIGKILL"), PATIENCE * 1000);
  let best: GuestClock | undefined;
  try {
    for (let question = 0; question < QUESTIONS; question++) {
      const answer = new Promise<string>((resolve) => {
        heard = resolve;
      });
      const asked = clock();
      command.write(".");
      const line = await Promise.race([answer, gone]);
      const told = clock();
      const [mono, wall] = line.split(" ").map(Number) as [number, number];
      const uncertainty = (told.mono - asked.mono) / 2e6;
      if (best !== undefined && best.uncertainty <= uncertainty) continue;
      // Each clock is read to a microsecond; the middle of the interval is the best guess.
      best = GuestClock.parse({
        at: told,
        moment,
        offset: mono / 1e9 - (asked.mono + told.mono) / 2e6,
        wallOffset: wall / 1e9 - (asked.wall + told.wall) / 2e6,
        uncertainty: uncertainty + 2e-6,
      });
    }
  } finally {
    clearTimeout(late);
    command.kill();
  }
  return best!;
}

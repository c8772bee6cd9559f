/**
 * A host's wall clock against ours, over one SSH session. We ask, it answers with its time: the answer was made after we had
 * asked and before we had it, which bounds the offset from both sides (the idea of NTP, RFC 5905, without its assumption that
 * both ways take equally long). Many rounds are asked; each bounds the same offset, so all of the bounds hold together.
 */
import { MigrascopeError } from "../model/errors.ts";
import type { HostRole } from "../model/machines.ts";
import type { ClockOffset } from "../model/run.ts";
import type { Clock } from "../model/time.ts";
import type { Machine } from "../remote/machine.ts";

/** Bash has its clock at hand to the microsecond; any other shell starts date(1) for each answer. */
const ANSWERER = `
if command -v bash >/dev/null; then exec bash -c 'while read -r _; do printf "%s\\n" "$EPOCHREALTIME"; done'; fi
while read -r _; do date +%s.%N; done`;
const ROUNDS = 60;
/** Microseconds: how well we know our own wall clock (see systemClock), and to what the answer is cut off. */
const OWN_ERROR = 20;
const RESOLUTION = 1;
/** Seconds until a host that does not answer counts as silent. */
const PATIENCE = 20;

/** One round, microseconds of the wall clocks: asked and answered on ours, told on theirs. */
export interface Round {
  readonly asked: number;
  readonly told: number;
  readonly answered: number;
}

/**
 * Bounds of the offset (theirs − ours) that all rounds agree on, seconds. A clock that was set in between leaves no such
 * bounds; then the widest ones are given.
 */
export function boundsOf(rounds: readonly Round[]): { offset: number; uncertainty: number; agree: boolean } {
  const lows = rounds.map(({ told, answered }) => told - answered - OWN_ERROR);
  const highs = rounds.map(({ told, asked }) => told + RESOLUTION - asked + OWN_ERROR);
  const agree = Math.max(...lows) <= Math.min(...highs);
  const low = agree ? Math.max(...lows) : Math.min(...lows);
  const high = agree ? Math.min(...highs) : Math.max(...highs);
  return { offset: (low + high) / 2e6, uncertainty: (high - low) / 2e6, agree };
}

/** @throws MigrascopeError COMMAND_FAILED when the host does not answer, or not with a time. */
export async function measureOffset(host: HostRole, machine: Machine, clock: Clock): Promise<ClockOffset> {
  const command = await machine.start(["sh", "-c", ANSWERER], { interactive: true, env: { LC_ALL: "C" } });
  const failed = (why: string): MigrascopeError =>
    new MigrascopeError("COMMAND_FAILED", `the host's clock could not be read: ${why}`, { where: machine.name });
  let receive: ((line: string) => void) | undefined;
  command.onLine((stream, line) => stream === "stdout" && receive?.(line));
  const timer = setTimeout(() => command.kill("SIGKILL"), PATIENCE * 1000);
  const dead = command.ended.then(({ stderrTail }) => {
    throw failed(stderrTail.trim() || "the connection ended");
  });
  dead.catch(() => {});
  try {
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const answer = new Promise<{ line: string; answered: number }>((resolve) => {
        receive = (line) => resolve({ answered: clock().wall, line });
      });
      const asked = clock().wall;
      command.write("\n");
      const { line, answered } = await Promise.race([answer, dead]);
      const told = microseconds(line);
      if (told === undefined) throw failed(`it answered "${line}"`);
      rounds.push({ asked, told, answered });
    }
    const { offset, uncertainty, agree } = boundsOf(rounds);
    const shortest = Math.min(...rounds.map(({ asked, answered }) => answered - asked)) / 1000;
    const how = `${ROUNDS} round trips over SSH, the shortest ${shortest.toFixed(2)} ms${agree ? "" : "; a clock was set meanwhile"}`;
    return { host, offset, uncertainty, how };
  } finally {
    clearTimeout(timer);
    command.kill();
  }
}

/** `1700000000.123456` or `….123456789`: whole microseconds, cut off. */
function microseconds(line: string): number | undefined {
  const match = /^(\d{9,11})\.(\d{6})(?:\d{3})?$/u.exec(line.trim());
  return match ? Number(match[1]) * 1e6 + Number(match[2]) : undefined;
}

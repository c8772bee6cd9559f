/** One run at a time on a pair of hosts: a lock on each, held for as long as our connection to it. */
import { hostname } from "node:os";
import { MigrascopeError } from "../model/errors.ts";
import type { HostRole } from "../model/machines.ts";
import type { Machine, RunningCommand } from "../remote/machine.ts";
import { ROLES } from "./machines.ts";

/**
 * Prints `locked` and holds the lock until it is ended; otherwise who has it, and ends. The file is opened for reading only:
 * it may be another user's. It is never removed, or two could hold two files of one name. Arguments: who we are.
 */
const HOLD = `
umask 0
directory=/run/lock
[ -d "$directory" ] && [ -w "$directory" ] || directory=/var/tmp
file="$directory/migrascope.lock"
[ -e "$file" ] || : >"$file" || exit 1
exec 9<"$file"
flock -n 9 || { printf 'busy %s\\n' "$(cat "$file")"; exit 0; }
printf '%s\\n' "$1" 2>/dev/null >"$file" || :
echo locked
exec sleep infinity`;

/** Seconds until a host that says nothing counts as silent. */
const PATIENCE = 30;

/**
 * Takes both hosts. The kernel of a host lets go when our connection to it ends, however it ends.
 * @throws MigrascopeError TESTBED_BUSY with whoever has it, COMMAND_FAILED.
 */
export async function lockHosts(machines: Readonly<Record<HostRole, Machine>>): Promise<AsyncDisposable> {
  const held: RunningCommand[] = [];
  const release = async (): Promise<void> => {
    for (const command of held) command.kill();
    await Promise.all(held.map(({ ended }) => ended));
  };
  const attempts = await Promise.allSettled(ROLES.map(async (role) => void held.push(await hold(machines[role]))));
  const refused = attempts.find((attempt) => attempt.status === "rejected");
  if (refused) {
    await release();
    throw refused.reason;
  }
  return { [Symbol.asyncDispose]: release };
}

async function hold(machine: Machine): Promise<RunningCommand> {
  const who = `${process.env.USER ?? "someone"} on ${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
  const command = await machine.start(["sh", "-c", HOLD, "sh", who]);
  const answer = await new Promise<string>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE * 1000, `no answer within ${PATIENCE} s`);
    const tell = (text: string): void => {
      clearTimeout(timer);
      resolve(text);
    };
    command.onLine((stream, line) => stream === "stdout" && tell(line));
    void command.ended.then(({ stderrTail }) => tell(stderrTail.trim()));
  });
  if (answer === "locked") return command;
  command.kill();
  await command.ended;
  if (answer.startsWith("busy "))
    throw new MigrascopeError("TESTBED_BUSY", `another run is using this host: ${answer.slice(5)}`, {
      where: machine.name,
    });
  throw new MigrascopeError("COMMAND_FAILED", `the host could not be locked: ${answer || "without a word"}`, {
    where: machine.name,
  });
}

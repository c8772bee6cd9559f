/** Issuing `virsh migrate` on the source, and following a migration whose command we have lost. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "../../remote/machine.ts";
import { judge, whereabouts } from "./domains.ts";
import { ended, isOver, type Migration } from "./migration.ts";
import { libvirtWords } from "./virsh/virsh.ts";

/** What ssh(1) exits with when the connection breaks: a peer-to-peer migration goes on without us. */
const CONNECTION_FAILED = 255;
/** Seconds between looks at a migration that is followed. */
const LOOK_EVERY = 1;
/** Seconds that the VM must be seen to stay: before it has begun at the destination, one that goes on looks as if it had failed. */
export const STAYED_FOR = 10;

/**
 * Starts the command; `said` follows it, and the migration itself when the command is lost.
 * @throws MigrascopeError COMMAND_FAILED when it cannot be started.
 */
export async function issue(migration: Migration, command: readonly string[]): Promise<void> {
  const { virsh, from, watch, said } = migration;
  watch.commanded();
  const running = await virsh[from].start(command);
  said.running = running;
  delete said.exitCode;
  let output = "";
  running.onLine((_stream, line) => {
    output = `${output}${line}\n`.slice(-4000);
  });
  void running.ended.then(({ exitCode }) => {
    if (said.running !== running) return;
    if (exitCode === null || exitCode === CONNECTION_FAILED) void follow(migration, running);
    else ended(migration, exitCode, libvirtWords(output));
  });
}

/** Asks both hosts until the migration is over one way or the other, or somebody else has ended it. */
async function follow(migration: Migration, lost: RunningCommand): Promise<void> {
  const { watch, virsh, domain, from, to, said } = migration;
  const goesOn = (): boolean => !isOver(migration) && !watch.hasEnded && said.running === lost;
  watch.did("status", "the connection to the source host broke");
  const broke = "the connection to the source host broke, and the migration did not complete";
  for (let stayed = 0; goesOn(); ) {
    const verdict = judge(await whereabouts(virsh, domain), from, to);
    if (!goesOn()) return;
    if (verdict === "moved") return ended(migration, 0, "");
    stayed = verdict === "stayed" ? stayed + 1 : 0;
    if (verdict === "gone" || verdict === "post-copy-broken" || stayed * LOOK_EVERY >= STAYED_FOR)
      return ended(migration, 1, broke);
    await sleep(LOOK_EVERY * 1000);
  }
}

/** What is true after a migration: on which host the VM runs, and putting both hosts in order. Never two VMs on one disk. */
import { setTimeout as sleep } from "node:timers/promises";
import { type HostRole, other } from "../../model/machines.ts";
import type { MigrationReport } from "../../model/migration.ts";
import { STAYED_FOR } from "./command.ts";
import { qemuLog } from "./definition.ts";
import {
  described,
  judge,
  removeOurs,
  runningOn,
  runs,
  type Verdict,
  type Whereabouts,
  whereabouts,
} from "./domains.ts";
import { type Ended, isOver, type Migration } from "./migration.ts";
import { parseJob, toReport } from "./progress.ts";
import { recover } from "./recovery.ts";
import type { MigrationWatch } from "./watch.ts";

/** Seconds that the hosts get to settle: libvirt may have to notice that its peer is gone, or be started anew. */
const PATIENCE = 90;
/** Seconds that they get once something was done about it. */
const SETTLE = 10;
const ASK_EVERY = 0.5;
/** A VM is lost only when several looks in a row have found none: each of them asks one host after the other. */
const GONE_LOOKS = 3;

/** @param words why it did not complete, if we know better than libvirt. Never throws. */
export async function conclude(migration: Migration, words?: string): Promise<Ended> {
  const { from, to, virsh, domain } = migration;
  let until = performance.now() + PATIENCE * 1000;
  const late = (): boolean => performance.now() > until;
  const settleBy = (): void => {
    until = performance.now() + SETTLE * 1000;
  };
  const why = (): string => reasonOf(migration, words);
  let recovered: string | undefined;
  let abandoned = false;
  const looks: { verdict?: Verdict; times: number } = { times: 0 };
  for (;;) {
    const where = await whereabouts(virsh, domain);
    const verdict = judge(where, from, to);
    looks.times = verdict === looks.verdict ? looks.times + 1 : 1;
    looks.verdict = verdict;
    const stays = isOver(migration) || looks.times * ASK_EVERY > STAYED_FOR || late();
    if (verdict === "moved") return await moved(migration, recovered);
    if (verdict === "stayed" && stays) return await stayed(migration, why());
    if (verdict === "stuck") await unstick(migration, where);
    if (verdict === "post-copy-broken" && recovered === undefined) {
      recovered = await recover(migration);
      settleBy();
    } else if (verdict === "unsettled" && late() && !abandoned) {
      abandoned = true;
      await abandonDestination(migration, where);
      settleBy();
    } else if (late() || (verdict === "gone" && isOver(migration) && looks.times >= GONE_LOOKS))
      return await lost(migration, where, [why(), recovered].filter(Boolean).join("; "));
    await sleep(ASK_EVERY * 1000);
  }
}

/**
 * Pure: whether the VM may have run at the destination. Then its disk could have changed, and starting its old state again on
 * the source would corrupt it. A RESUME that went unheard comes only after the source's QEMU has sent everything.
 */
export function mayHaveRunThere(
  { resumed, switched, sourceStatus, missed }: Pick<MigrationWatch, "resumed" | "switched" | "sourceStatus" | "missed">,
  from: HostRole,
): boolean {
  return resumed || switched || (missed.has(other(from)) && (missed.has(from) || sourceStatus === "completed"));
}

/** The VM stands still on the source although nothing migrates any more: it is to go on there. */
async function unstick({ virsh, from, domain, watch }: Migration, where: Whereabouts): Promise<void> {
  const state = where[from];
  if (state === null || state === "no answer" || state.state !== "paused" || mayHaveRunThere(watch, from)) return;
  await virsh[from].run(["resume", domain], { timeout: 20 }).catch(() => {});
}

/** The VM runs on the source, and a destination that waits for its memory will not get any more of it. */
async function abandonDestination({ virsh, from, to, domain, watch }: Migration, where: Whereabouts): Promise<void> {
  const [source, destination] = [where[from], where[to]];
  if (source === "no answer" || !runs(source) || mayHaveRunThere(watch, from)) return;
  // Which of two that run is the VM, nobody can say.
  if (destination !== "no answer" && runs(destination)) return;
  await virsh[from].run(["domjobabort", domain], { timeout: 20 }).catch(() => {});
  await removeOurs(virsh[to], domain).catch(() => {});
}

async function moved(migration: Migration, recovered: string | undefined): Promise<Ended> {
  const { virsh, from, domain, said, to, watch } = migration;
  const report = await finalReport(migration);
  // A failed `--undefinesource` leaves a definition that the way back would stumble over.
  await removeOurs(virsh[from], domain).catch(() => {});
  if (said.exitCode !== 0) watch.did("completed");
  const note = recovered ?? (said.exitCode === 0 ? undefined : said.words || undefined);
  return { status: "completed", ...(note !== undefined && { reason: note }), report, runsOn: to };
}

async function stayed(migration: Migration, reason: string): Promise<Ended> {
  const { virsh, to, from, domain, watch } = migration;
  await removeOurs(virsh[to], domain).catch((error: unknown) => watch.did("status", (error as Error).message));
  return { status: "failed", reason, report: {}, runsOn: from };
}

async function lost(migration: Migration, where: Whereabouts, reason: string): Promise<Ended> {
  const { from, to } = migration;
  const evidence = await Promise.all([from, to].map((role) => lastWords(migration, role)));
  const words = [reason, described(where), ...evidence].filter((each) => each !== "").join("; ");
  return { status: "failed", reason: words, report: {}, runsOn: runningOn(where) };
}

/** The last lines of QEMU's log on a host. */
async function lastWords({ virsh, domain }: Migration, role: HostRole): Promise<string> {
  const { stdout } = await virsh[role].machine
    .run(["tail", "--lines=3", qemuLog(domain)], { timeout: 10 })
    .catch(() => ({ stdout: "" }));
  const lines = stdout.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? "" : `QEMU on the ${role}: ${lines.join(" / ")}`;
}

const reasonOf = ({ said }: Migration, words: string | undefined): string => {
  if (words === undefined && said.exitCode === 0)
    return "libvirt said that the migration had completed, and then the VM was gone";
  if (words !== undefined) return said.words === "" || said.exitCode === 0 ? words : `${words} (${said.words})`;
  return said.words || `virsh exited with ${said.exitCode ?? "nothing"}`;
};

/** libvirt keeps the account of the last migration at the destination, until it is asked. */
async function finalReport({ virsh, to, domain }: Migration): Promise<MigrationReport> {
  const answer = await virsh[to].run(["domjobinfo", domain, "--completed", "--rawstats"]).catch(() => "");
  return toReport(parseJob(answer));
}

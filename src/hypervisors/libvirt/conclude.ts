/** What is true after a migration: on which host the VM runs, and putting both hosts in order. Never two VMs on one disk. */
import { setTimeout as sleep } from "node:timers/promises";
import type { HostRole } from "../../model/machines.ts";
import type { MigrationReport } from "../../model/migration.ts";
import { qemuLog } from "./definition.ts";
import { described, judge, removeOurs, runs, type Whereabouts, whereabouts } from "./domains.ts";
import type { Ended, Migration } from "./migration.ts";
import { parseJob, toReport } from "./progress.ts";
import { recover } from "./recovery.ts";

/** Seconds that the hosts get to settle: libvirt may have to notice that its peer is gone, or be started anew. */
const PATIENCE = 90;
const ASK_EVERY = 0.5;

/** @param words why it did not complete, if we know better than libvirt. Never throws. */
export async function conclude(migration: Migration, words?: string): Promise<Ended> {
  const { watch, from, to, said } = migration;
  const until = performance.now() + PATIENCE * 1000;
  let recovered: string | undefined;
  let abandoned = false;
  for (;;) {
    const where = await whereabouts(migration.virsh, migration.domain);
    const verdict = judge(where, from, to);
    if (verdict === "moved") return await moved(migration, recovered);
    if (verdict === "stayed") return await stayed(migration, reasonOf(migration, words));
    if (verdict === "stuck" && !watch.switched) await unstick(migration, where);
    if (verdict === "post-copy-broken" && recovered === undefined) recovered = await recover(migration);
    if (performance.now() > until && verdict === "unsettled" && !abandoned) {
      abandoned = true;
      await abandonDestination(migration, where);
    } else if (performance.now() > until || (verdict === "gone" && said.exitCode !== undefined && settled(where))) {
      return await lost(migration, where, [reasonOf(migration, words), recovered].filter(Boolean).join("; "));
    }
    await sleep(ASK_EVERY * 1000);
  }
}

const settled = (where: Whereabouts): boolean => where.source !== "no answer" && where.destination !== "no answer";

/** The VM stands still on the source although nothing migrates any more: it is to go on there. */
async function unstick({ virsh, from, domain, watch }: Migration, where: Whereabouts): Promise<void> {
  const state = where[from];
  if (state === null || state === "no answer" || state.state !== "paused") return;
  // Had it run at the destination, its disk could have changed: starting the old state again would corrupt it.
  if (watch.resumed) return;
  await virsh[from].run(["resume", domain], { timeout: 20 }).catch(() => {});
}

/** The VM runs on the source, and a destination that waits for its memory will not get any more of it. */
async function abandonDestination({ virsh, from, to, domain, watch }: Migration, where: Whereabouts): Promise<void> {
  const source = where[from];
  if (source === "no answer" || !runs(source) || watch.resumed || watch.switched) return;
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
  const running = ([from, to] as const).filter((role) => {
    const state = where[role];
    return state !== "no answer" && runs(state);
  });
  const evidence = await Promise.all([from, to].map((role) => lastWords(migration, role)));
  const words = [reason, described(where), ...evidence].filter((each) => each !== "").join("; ");
  return { status: "failed", reason: words, report: {}, runsOn: running.length === 1 ? running[0]! : null };
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

/** The VM's domain on both hosts: in which state it is, and putting it in order. */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import { MARK } from "./definition.ts";
import { isNoDomain, type Virsh } from "./virsh/virsh.ts";

export interface DomainState {
  /** libvirt's word: `running`, `paused`, `shut off`, `in shutdown`, `crashed`… */
  readonly state: string;
  /** Why, in libvirt's word: `booted`, `migrated`, `migrating`, `post-copy`, `post-copy failed`… */
  readonly reason: string;
}

/** @returns `null` when the host knows no domain of this name. @throws MigrascopeError when the host or libvirt does not answer. */
export async function domainState(virsh: Virsh, domain: string): Promise<DomainState | null> {
  try {
    return stateIn(await virsh.run(["domstate", domain, "--reason"], { timeout: 40 }));
  } catch (error) {
    if (isNoDomain(error)) return null;
    throw error;
  }
}

/** Reads the answer to `domstate --reason`: `paused (migrating)`. */
export function stateIn(text: string): DomainState {
  const [, state = text.trim(), reason = ""] = /^(.*?)(?: \((.*)\))?$/u.exec(text.trim()) ?? [];
  return { state, reason };
}

export const runs = (state: DomainState | null | undefined): boolean =>
  state?.state === "running" || state?.state === "idle";
/** QEMU is there, whether or not its vCPUs run. */
export const isActive = (state: DomainState | null | undefined): boolean =>
  state !== null && state !== undefined && state.state !== "shut off";

/**
 * Defines the domain. One of the same name that is not ours is left alone.
 * @throws MigrascopeError HYPERVISOR_REFUSED, also for a stranger of the same name.
 */
export async function define(virsh: Virsh, domain: string, definition: string): Promise<void> {
  if (await domainState(virsh, domain)) {
    await requireOurs(virsh, domain);
    await remove(virsh, domain);
  }
  await virsh.run(["define", "/dev/stdin"], { input: definition });
}

/** Ends the domain on this host and forgets it. Never fails because there is none. @throws MigrascopeError for a stranger. */
export async function removeOurs(virsh: Virsh, domain: string): Promise<void> {
  if (!(await domainState(virsh, domain))) return;
  await requireOurs(virsh, domain);
  await remove(virsh, domain);
}

/** Steps that it may take until the host knows no such domain any more: to destroy it and to undefine it, and both again. */
const STEPS = 4;

/** One that was being started meanwhile runs on once it has been undefined: it counts as gone only when it has been seen to be. */
async function remove(virsh: Virsh, domain: string): Promise<void> {
  for (let step = 0; ; step++) {
    const state = await domainState(virsh, domain);
    if (!state) return;
    if (step === STEPS)
      throw new MigrascopeError(
        "HYPERVISOR_REFUSED",
        `the domain "${domain}" is still ${state.state} after it was removed: end it with \`virsh destroy\` and \`virsh undefine\``,
        { where: virsh.machine.name },
      );
    if (isActive(state)) await virsh.run(["destroy", domain], { timeout: 60 }).catch(ignoreGone);
    else await virsh.run(["undefine", domain, "--snapshots-metadata", "--checkpoints-metadata"]).catch(ignoreGone);
  }
}

/** What was to go has gone by itself. */
function ignoreGone(error: unknown): void {
  if (isNoDomain(error) || /not running|not found/iu.test((error as Error).message)) return;
  throw error;
}

/** Without an answer it counts as a stranger's. @throws MigrascopeError, also when the host or libvirt does not answer. */
async function requireOurs(virsh: Virsh, domain: string): Promise<void> {
  const definition = await virsh.run(["dumpxml", domain]).catch((error: unknown) => {
    if (isNoDomain(error)) return undefined;
    throw error;
  });
  if (definition === undefined || definition.includes(MARK)) return;
  throw new MigrascopeError(
    "HYPERVISOR_REFUSED",
    `there is a domain "${domain}" that Migrascope did not make: it is left alone; give the testbed's vm another name, or adopt it`,
    { where: virsh.machine.name },
  );
}

/** What is known of the VM on both hosts, for an account of what became of it. */
export type Whereabouts = Readonly<Record<HostRole, DomainState | null | "no answer">>;

export async function whereabouts(virsh: Readonly<Record<HostRole, Virsh>>, domain: string): Promise<Whereabouts> {
  const of = (role: HostRole): Promise<DomainState | null | "no answer"> =>
    domainState(virsh[role], domain).catch(() => "no answer" as const);
  const [source, destination] = await Promise.all([of("source"), of("destination")]);
  return { source, destination };
}

/** Seconds that a host that does not answer gets to come back, when it must be known where the VM runs. */
const PATIENCE = 60;

/** As `whereabouts`; hosts that do not answer are asked again for a while. */
export async function patientWhereabouts(
  virsh: Readonly<Record<HostRole, Virsh>>,
  domain: string,
): Promise<Whereabouts> {
  const until = performance.now() + PATIENCE * 1000;
  for (;;) {
    const where = await whereabouts(virsh, domain);
    if ((where.source !== "no answer" && where.destination !== "no answer") || performance.now() > until) return where;
    await sleep(1000);
  }
}

/** The one host on which it is known to run. `null`: on none or on both, as far as is known. */
export function runningOn(where: Whereabouts): HostRole | null {
  const running = (["source", "destination"] as const).filter((role) => {
    const state = where[role];
    return state !== "no answer" && runs(state);
  });
  return running.length === 1 ? running[0]! : null;
}

/** In words: `source: paused (migrating); destination: no domain`. */
export const described = (of: Whereabouts): string =>
  (["source", "destination"] as const)
    .map((role) => {
      const state = of[role];
      if (state === "no answer") return `${role}: no answer`;
      return `${role}: ${state === null ? "no domain" : `${state.state}${state.reason === "" ? "" : ` (${state.reason})`}`}`;
    })
    .join("; ");

/** What became of the VM. `gone`: it is active on neither host; `stuck`: it stands still on the source alone. */
export type Verdict = "moved" | "stayed" | "stuck" | "post-copy-broken" | "gone" | "unsettled";

/** Pure: what the states on both hosts mean. */
export function judge(where: Whereabouts, from: HostRole, to: HostRole): Verdict {
  const source = where[from];
  const destination = where[to];
  if (source === "no answer" || destination === "no answer") {
    // Without an answer of both nothing is sure: QEMU runs on when libvirt has died.
    return "unsettled";
  }
  // Its memory is on both sides: without either of them there is no VM any more.
  if ([source, destination].some((state) => /post-?copy failed/u.test(state?.reason ?? "")))
    return isActive(source) && isActive(destination) ? "post-copy-broken" : "gone";
  if (runs(destination) && !isActive(source)) return "moved";
  if (runs(source) && !isActive(destination)) return "stayed";
  if (!isActive(source) && !isActive(destination)) return "gone";
  // Paused on the source alone: it had sent everything, or a part of it, to a destination that is no more.
  if (isActive(source) && !runs(source) && !isActive(destination)) return "stuck";
  return "unsettled";
}

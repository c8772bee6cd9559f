/**
 * Cold migration: the guest is shut down, its disk is copied unless both hosts see it, and it is started at the destination.
 * Whatever fails on the way, the VM is started again where it was: the source keeps its image and its definition until the VM
 * runs at the destination, and it is never started on one host while it could be running on the other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { MigrationEvent, MigrationReport } from "../../model/migration.ts";
import type { Status } from "../../model/run.ts";
import type { Clock } from "../../model/time.ts";
import type { MigrationOutcome, MigrationRequest } from "../contract.ts";
import { bring, type ColdFile, clear, type InPart, requireMeans } from "./disk/cold-file.ts";
import { type DomainState, define, domainState, isActive, removeOurs, runs } from "./domains.ts";
import { patiently } from "./patience.ts";
import type { Virsh } from "./virsh/virsh.ts";

export interface ColdMigration {
  readonly domain: string;
  readonly virsh: Readonly<Record<HostRole, Virsh>>;
  readonly to: HostRole;
  /** The VM's definition as it is to be at the destination. Without it it is the same. */
  readonly there?: (definition: string) => string;
  /** What is copied. Without it both hosts see the disk. */
  readonly file?: ColdFile;
  readonly request: MigrationRequest;
  readonly clock: Clock;
  /** Asks the guest's system to shut down; returns at once. */
  readonly shutDown: () => Promise<unknown>;
}

/** Seconds between looks at whether the guest has shut down. */
const LOOK_EVERY = 0.2;
/** Seconds in which libvirt must have started a VM. */
const START = 60;
/** Seconds that a guest that was asked to shut down gets to do so after all, before it counts as one that runs on. */
const AFTER_ALL = 30;

/** @throws MigrascopeError SETTING_UNSUPPORTED before anything was done. What else happens is the outcome. */
export async function migrateCold(migration: ColdMigration): Promise<MigrationOutcome> {
  const { request, virsh, domain, file } = migration;
  const deadline = AbortSignal.timeout(request.deadline * 1000);
  const signal = AbortSignal.any([request.signal, deadline]);
  const state: Progress = { shutDown: false, startedThere: false, report: {} };
  try {
    signal.throwIfAborted();
    if (file) await requireMeans(file);
    const definition = await virsh[request.from].run(["dumpxml", domain, "--inactive"]);
    await request.beforeShutDown?.();
    if (request.kind === "cold") tell(migration, "command", request.from);
    await carryOver(migration, definition, state, signal);
  } catch (error) {
    if (error instanceof MigrascopeError && error.code === "SETTING_UNSUPPORTED" && !state.shutDown) throw error;
    const status = request.signal.aborted ? "cancelled" : deadline.aborted ? "timeout" : "failed";
    return await goBack(migration, state, status, reasonOf(migration, status, error));
  }
  tell(migration, "completed", request.from);
  const warnings = await tidy(migration);
  return { status: "completed", report: state.report, settings: [], runsOn: migration.to, warnings };
}

/** How far it has come. */
interface Progress {
  /** The guest was asked to. */
  shutDown: boolean;
  /** From then on the VM could be running at the destination. */
  startedThere: boolean;
  definition?: string;
  report: MigrationReport;
}

async function carryOver(
  migration: ColdMigration,
  definition: string,
  state: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { virsh, domain, to, file, request, clock } = migration;
  const { from, observer } = request;
  state.definition = definition;
  state.shutDown = true;
  const inPart: InPart = (part, end, work) => during(migration, part, end === "from" ? from : to, work);
  await inPart("shut-down", "from", async () => {
    await migration.shutDown();
    // A host that does not answer is asked again until the deadline: without an answer the guest may still run.
    const running = (): Promise<boolean> => domainState(virsh[from], domain).then(isActive, () => true);
    while (await running()) await sleep(LOOK_EVERY * 1000, undefined, { signal });
    observed(migration, "stop", from);
  });
  if (file) {
    const sent = await bring(
      file,
      inPart,
      (arrived, total) =>
        observer.progress({
          at: clock(),
          status: "transfer",
          diskTotal: total,
          diskTransferred: arrived,
          diskRemaining: Math.max(0, total - arrived),
        }),
      signal,
    );
    state.report = { diskTransferred: sent };
  }
  await inPart("start", "to", async () => {
    signal.throwIfAborted();
    await define(virsh[to], domain, migration.there?.(definition) ?? definition);
    state.startedThere = true;
    // Not interruptible: what becomes of an interrupted start would not be known.
    await virsh[to].run(["start", domain], { timeout: START });
    const now = await domainState(virsh[to], domain);
    if (!runs(now))
      throw new MigrascopeError("HYPERVISOR_REFUSED", `libvirt was told to start the VM but it is ${now?.state}`, {
        where: to,
      });
    observed(migration, "resume", to);
  });
}

async function during<T>(migration: ColdMigration, part: string, host: HostRole, work: () => Promise<T>): Promise<T> {
  tell(migration, "part", host, part);
  const result = await work();
  tell(migration, "part-end", host, part);
  return result;
}

/** What vCPUs do, as seen from here. Whoever watches a live migration that ended cold is told by QEMU itself. */
function observed(migration: ColdMigration, kind: "stop" | "resume" | "resume-source", host: HostRole): void {
  if (migration.request.kind === "cold") tell(migration, kind, host);
}

function tell({ request, clock }: ColdMigration, kind: MigrationEvent["kind"], host: HostRole, detail?: string): void {
  request.observer.event({ kind, host, observed: clock(), ...(detail !== undefined && { detail }) });
}

function reasonOf({ request }: ColdMigration, status: Status, error: unknown): string {
  if (status === "cancelled") return "interrupted on request";
  const words = error instanceof Error ? error.message : String(error);
  if (status === "timeout") return `not completed within ${request.deadline} s (${words})`;
  return words;
}

/** The VM runs at the destination: nothing of it is needed on the source. What stays all the same is a warning. */
async function tidy({ virsh, domain, file, request, to }: ColdMigration): Promise<string[]> {
  const forgotten = await removeOurs(virsh[request.from], domain).then(
    () => [],
    (error: unknown) => [`the VM's definition was left on the ${request.from}: ${(error as Error).message}`],
  );
  return [...forgotten, ...(file ? await clear(file, "to", { from: request.from, to }) : [])];
}

/** Starts it where it was, after making sure that it does not run at the destination. */
async function goBack(
  migration: ColdMigration,
  state: Progress,
  status: Exclude<Status, "completed">,
  why: string,
): Promise<MigrationOutcome> {
  const { virsh, domain, to, file, request } = migration;
  const { from } = request;
  tell(migration, status === "cancelled" ? "cancelled" : "failed", from);
  const outcome = (runsOn: HostRole | null, reason: string, warnings: readonly string[] = []): MigrationOutcome => ({
    status,
    reason,
    report: {},
    settings: [],
    runsOn,
    warnings,
  });
  try {
    if (state.startedThere) await patiently(() => removeOurs(virsh[to], domain));
  } catch (error) {
    const words = `the ${to} does not say whether the VM runs there (${(error as Error).message})`;
    return outcome(null, `${why}; ${words}: it was not started on the ${from}, where its disk is as it was`);
  }
  const warnings = file && state.shutDown ? await clear(file, "from", { from, to }) : [];
  try {
    const how = await patiently(() => startAgain(migration, state));
    return outcome(from, `${why}; ${how} on the ${from}`, warnings);
  } catch (error) {
    const words = (error as Error).message;
    return outcome(
      null,
      `${why}; and it could not be started again on the ${from}, where its disk is: ${words}`,
      warnings,
    );
  }
}

async function startAgain(migration: ColdMigration, state: Progress): Promise<string> {
  const { virsh, domain, request } = migration;
  const source = virsh[request.from];
  const now = await (state.shutDown ? afterAll(source, domain) : domainState(source, domain));
  if (runs(now)) {
    return state.shutDown ? "the VM, which was asked to shut down, still runs" : "the VM runs";
  }
  if (isActive(now)) {
    throw new MigrascopeError("HYPERVISOR_REFUSED", `the VM is ${now?.state}`, { where: request.from });
  }
  if (now === null && state.definition !== undefined) await define(source, domain, state.definition);
  await source.run(["start", domain], { timeout: START });
  observed(migration, "resume-source", request.from);
  return "the VM was started again";
}

/** How it is once it has shut down, or still is after a while. A guest that was in the midst of it would be off a moment later. */
async function afterAll(virsh: Virsh, domain: string): Promise<DomainState | null> {
  const until = performance.now() + AFTER_ALL * 1000;
  for (;;) {
    const state = await domainState(virsh, domain);
    if (!isActive(state) || performance.now() > until) return state;
    await sleep(LOOK_EVERY * 1000);
  }
}

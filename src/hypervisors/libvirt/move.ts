/** One migration of whatever kind, from its preparation to the account of where everything is. */
import { asMigrascopeError } from "../../model/errors.ts";
import { type HostRole, other } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationOutcome, MigrationRequest } from "../contract.ts";
import { trackingWarnings } from "../qemu/versions.ts";
import { migrateCold } from "./cold.ts";
import type { Context } from "./context.ts";
import { described, patientWhereabouts, runningOn } from "./domains.ts";
import { migrate } from "./migrate.ts";
import type { Ended, Migration } from "./migration.ts";
import { replugged } from "./plug.ts";
import type { PoweredOn } from "./power.ts";
import { readEffective } from "./prepare.ts";
import { prepared, requireAlone } from "./prepared.ts";
import { forgetThrottle } from "./throttle.ts";
import { MigrationWatch } from "./watch.ts";

/** @param running is told of the migration while it may be switched to post-copy. */
export async function move(
  context: Context,
  vm: PoweredOn,
  request: MigrationRequest,
  running: (migration: Migration) => void,
): Promise<MigrationOutcome> {
  const { virsh, clock } = context;
  const { from, observer, kind } = request;
  if (kind === "cold") return await coldFromStart(context, vm, request);
  const watch = await MigrationWatch.start({
    virsh,
    domain: vm.domain,
    from,
    observer,
    clock,
    copiesDisk: kind !== "memory",
  });
  try {
    const moved = await moveLive(context, vm, request, watch, running);
    if (request.atDeadline !== "cold" || moved.status !== "timeout" || moved.runsOn !== from) return moved;
    return await coldAfter(moved, context, vm, request);
  } finally {
    await watch.end();
  }
}

/** The destination's domain would be replaced: a VM that runs there must not be. */
async function coldFromStart(context: Context, vm: PoweredOn, request: MigrationRequest): Promise<MigrationOutcome> {
  try {
    await requireAlone(context.virsh, vm.domain, request.from);
  } catch (error) {
    return await notBegun(context, vm, request, error);
  }
  return await cold(context, vm, request);
}

/** The live migration did not end. What is known of it stays, also when the VM cannot be moved cold. */
async function coldAfter(
  live: MigrationOutcome,
  context: Context,
  vm: PoweredOn,
  request: MigrationRequest,
): Promise<MigrationOutcome> {
  try {
    const moving = await cold(context, vm, { ...request, deadline: request.grace, atDeadline: "cancel" });
    const warnings = [...(live.warnings ?? []), ...(moving.warnings ?? [])];
    return { ...moving, settings: live.settings, warnings };
  } catch (error) {
    // Refused before anything was done: the VM runs where it was.
    return { ...live, reason: `${live.reason}; cold: ${(error as Error).message}` };
  }
}

/** libvirt presses the VM's power button; nobody else is asked. */
async function cold(context: Context, vm: PoweredOn, request: MigrationRequest): Promise<MigrationOutcome> {
  const { virsh, clock, options } = context;
  const { domain } = vm;
  const to = other(request.from);
  const file = vm.disk.coldFile(request);
  const outcome = await migrateCold({
    domain,
    virsh,
    to,
    there: (definition) => replugged(definition, options.hosts[request.from].network, options.hosts[to].network),
    ...(file && { file }),
    request,
    clock,
    shutDown: () => virsh[request.from].run(["shutdown", domain, "--mode", "acpi"]),
  });
  return { ...outcome, ...(file && { ports: { memory: [], disk: [file.ssh.port] } }) };
}

async function moveLive(
  context: Context,
  vm: PoweredOn,
  request: MigrationRequest,
  watch: MigrationWatch,
  running: (migration: Migration) => void,
): Promise<MigrationOutcome> {
  const { virsh, options } = context;
  const { from, kind, settings } = request;
  const { domain } = vm;
  let migration: Migration;
  try {
    migration = await prepared(context, vm, request, watch);
  } catch (error) {
    return await notBegun(context, vm, request, error);
  }
  running(migration);
  const over = new AbortController();
  const reading = readEffective(watch, domain, settings, {
    seconds: request.deadline + request.grace,
    signal: over.signal,
  });
  const ended = await migrate(migration);
  over.abort();
  await migration.definitions?.remove();
  if (migration.throttle && ended.runsOn === from) await forgetThrottle(virsh[from], domain, migration.throttle);
  if (ended.runsOn !== null) await vm.disk.settled(ended.runsOn, from, kind);
  return outcome(ended, {
    settings: [...(await reading), told(from, migration.command)],
    // One connection carried everything.
    ...(settings.transport !== "ssh" && { ports: { memory: [migration.ports.memory], disk: [migration.ports.disk] } }),
    warnings: trackingWarnings(options.accelerator, (await context.abilities(from)).qemu),
  });
}

const outcome = (ended: Ended, more: Pick<MigrationOutcome, "settings" | "ports" | "warnings">): MigrationOutcome => ({
  ...ended,
  ...more,
});

/** The command itself, as a setting: it says what libvirt was asked for in its own words. */
const told = (host: HostRole, command: readonly string[]): EffectiveSetting => ({
  name: "virsh migrate",
  native: "virsh",
  host,
  effective: command.slice(1).join(" "),
});

/** A host refused, or we were interrupted, before the migrate command. */
async function notBegun(
  { virsh }: Context,
  vm: PoweredOn,
  { signal }: MigrationRequest,
  error: unknown,
): Promise<MigrationOutcome> {
  const { code, message } = asMigrascopeError(error);
  if (code === "SETTING_UNSUPPORTED") throw error;
  const where = await patientWhereabouts(virsh, vm.domain);
  const runsOn = runningOn(where);
  return {
    status: signal.aborted ? "cancelled" : code === "DEADLINE_EXCEEDED" ? "timeout" : "failed",
    reason: runsOn === null ? `${message}; ${described(where)}` : message,
    report: {},
    settings: [],
    runsOn,
  };
}

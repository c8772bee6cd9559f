/** One migration of whatever kind, from its preparation to the account of where everything is. */
import { asMigrascopeError, MigrascopeError } from "../../model/errors.ts";
import { type HostRole, other } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationOutcome, MigrationRequest } from "../contract.ts";
import { trackingWarnings } from "../qemu/versions.ts";
import { migrateCold } from "./cold.ts";
import type { Context } from "./context.ts";
import { destinationOptions, freePorts } from "./destination.ts";
import { runs, whereabouts } from "./domains.ts";
import { migrate } from "./migrate.ts";
import type { Ended, Migration } from "./migration.ts";
import type { PoweredOn } from "./power.ts";
import { readEffective, setDowntimeLimit } from "./prepare.ts";
import { migrateOptions } from "./settings.ts";
import { forgetThrottle, holdThrottle } from "./throttle.ts";
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
  if (kind === "cold") return await cold(context, vm, request);
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
    const moving = await cold(context, vm, { ...request, deadline: request.grace, atDeadline: "cancel" });
    return { ...moving, settings: moved.settings };
  } finally {
    await watch.end();
  }
}

/** libvirt presses the VM's power button; nobody else is asked. */
async function cold({ virsh, clock }: Context, vm: PoweredOn, request: MigrationRequest): Promise<MigrationOutcome> {
  const { domain } = vm;
  const file = vm.disk.coldFile(request);
  const outcome = await migrateCold({
    domain,
    virsh,
    to: other(request.from),
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
  if (migration.throttle && ended.runsOn === from) await forgetThrottle(virsh[from], domain, migration.throttle);
  if (ended.runsOn !== null) await vm.disk.settled(ended.runsOn, from, kind);
  return outcome(ended, {
    settings: [...(await reading), told(from, migration.command)],
    // One connection carried everything.
    ...(settings.transport !== "ssh" && { ports: { memory: [migration.ports.memory], disk: [migration.ports.disk] } }),
    warnings: trackingWarnings(options.accelerator, (await context.abilities(from)).qemu),
  });
}

/** Everything that comes before libvirt's own command. @throws MigrascopeError */
async function prepared(
  { virsh, options }: Context,
  { domain, disk }: PoweredOn,
  request: MigrationRequest,
  watch: MigrationWatch,
): Promise<Migration> {
  const { from, kind, settings } = request;
  const to = other(from);
  const started = performance.now();
  let left = request.deadline;
  request.signal.throwIfAborted();
  if (kind === "storage-then-memory") {
    // Both steps have one deadline.
    const until = AbortSignal.any([request.signal, AbortSignal.timeout(request.deadline * 1000)]);
    await disk.copyToShared(from, watch, { ...request, signal: until }).catch((error: unknown) => {
      if (!until.aborted || request.signal.aborted) throw error;
      const words = `the disk was not copied within the deadline of ${request.deadline} s`;
      throw new MigrascopeError("DEADLINE_EXCEEDED", words, { cause: error });
    });
    left = Math.max(0, left - (performance.now() - started) / 1000);
  } else if (kind !== "memory") await disk.prepareDestination(to, request.signal);
  await setDowntimeLimit(virsh[from], domain, settings);
  const throttle = request.atDeadline === "throttle" ? await holdThrottle(virsh[from], domain) : undefined;
  const ports = await freePorts(virsh[to].machine);
  const where = destinationOptions({ domain, to: options.hosts[to], settings, kind, ports });
  const command = ["migrate", ...migrateOptions(withDeadline(request)), ...where];
  return {
    domain,
    virsh,
    from,
    to,
    watch,
    request,
    left,
    command,
    said: { words: "" },
    ports,
    ...(throttle && { throttle }),
  };
}

const outcome = (ended: Ended, more: Pick<MigrationOutcome, "settings" | "ports" | "warnings">): MigrationOutcome => ({
  ...ended,
  ...more,
});

/** What the deadline's action needs to be on from the beginning. */
function withDeadline({ settings, atDeadline }: MigrationRequest): MigrationRequest["settings"] {
  if (atDeadline === "post-copy" && !settings.postCopy) return { ...settings, postCopy: { recover: true } };
  if (atDeadline === "throttle") return { ...settings, autoConverge: {} };
  return settings;
}

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
  { from, signal }: MigrationRequest,
  error: unknown,
): Promise<MigrationOutcome> {
  const { code, message } = asMigrascopeError(error);
  if (code === "SETTING_UNSUPPORTED") throw error;
  const state = (await whereabouts(virsh, vm.domain))[from];
  return {
    status: signal.aborted ? "cancelled" : code === "DEADLINE_EXCEEDED" ? "timeout" : "failed",
    reason: message,
    report: {},
    settings: [],
    runsOn: state !== "no answer" && runs(state) ? from : null,
  };
}

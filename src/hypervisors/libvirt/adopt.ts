/** A VM that exists already and is not ours: it takes part in a pass and is given back as it was. */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { DeadlineAction, MigrationKind } from "../../model/movement.ts";
import type { PowerOnRequest } from "../contract.ts";
import type { Context } from "./context.ts";
import { AdoptedDisk } from "./disk/adopted-disk.ts";
import { described, domainState, isActive, patientWhereabouts, runs, type Whereabouts } from "./domains.ts";
import type { PoweredOn } from "./power.ts";

/** Seconds that its system gets to shut down, when it was off before; that it gets to start. */
const SHUT_DOWN = 120;
const START = 60;

/** @throws MigrascopeError SETTING_UNSUPPORTED for what would not leave it as it was. */
export function refuseForAdopted(kind: MigrationKind, atDeadline?: DeadlineAction): void {
  const refused =
    kind === "memory" || kind === "storage"
      ? atDeadline === "cold"
        ? "atDeadline: cold"
        : undefined
      : `migration: ${kind}`;
  if (refused === undefined) return;
  throw new MigrascopeError(
    "SETTING_UNSUPPORTED",
    `${refused}: the VM is adopted and is to be given back as it was; use a VM that Migrascope makes`,
  );
}

/**
 * Starts it on the source if it is off.
 * @throws MigrascopeError HYPERVISOR_REFUSED when it is not there, or is neither running nor off.
 */
export async function adoptVm(context: Context, domain: string, request: PowerOnRequest): Promise<PoweredOn> {
  const { virsh } = context;
  const { host, vm, logDirectory } = request;
  const state = await domainState(virsh[host], domain);
  if (!state)
    throw new MigrascopeError("HYPERVISOR_REFUSED", `there is no domain "${domain}" to adopt`, { where: host });
  if (isActive(state) && !runs(state))
    throw new MigrascopeError(
      "HYPERVISOR_REFUSED",
      `the domain "${domain}" is ${state.state}: let it run, or shut it off`,
      {
        where: host,
      },
    );
  const definition = await virsh[host].run(["dumpxml", domain]);
  const disk = await AdoptedDisk.of(context, domain, host, definition);
  // Not interruptible: it is to be given back off, so that it must be known whether it was started.
  if (!isActive(state))
    await virsh[host].run(["start", domain], { timeout: START }).catch(async (error: unknown) => {
      if (!runs(await domainState(virsh[host], domain))) throw error;
    });
  return { vm, domain, machine: "its own", disk, logDirectory, adopted: { wasRunning: isActive(state) } };
}

/**
 * Pure: how it is on the source, where it belongs. `null`: it is not there alone, or nobody knows. One that is on its way has
 * a domain on both hosts; what stands still on the source may be what is left of one that has moved.
 */
export function atHome({ source, destination }: Whereabouts): "running" | "off" | null {
  if (source === null || source === "no answer" || destination === "no answer") return null;
  if (runs(source) && !isActive(destination)) return "running";
  // Migrated away it would be undefined here, and defined there also when it is off.
  return source.state === "shut off" && destination === null ? "off" : null;
}

/**
 * Gives it back: off if it was off, and never destroyed. Images at the destination are removed only when it is at home: it could
 * be running on them.
 * @throws MigrascopeError MIGRATION_FAILED when it is not on the source as it was; HYPERVISOR_REFUSED when it does not shut down.
 */
export async function giveBack(context: Context, { domain, disk, adopted }: PoweredOn): Promise<void> {
  const { virsh } = context;
  const where = await patientWhereabouts(virsh, domain);
  const state = atHome(where);
  if (state === null)
    throw new MigrascopeError(
      "MIGRATION_FAILED",
      `the adopted VM "${domain}" is not back on the source: ${described(where)}. It is left as it is; migrate it back by hand`,
    );
  await disk.remove();
  if (state === "off" && adopted?.wasRunning)
    throw new MigrascopeError(
      "MIGRATION_FAILED",
      `the adopted VM "${domain}" ran before and is off now, on the source: start it there`,
    );
  if (state === "off" || adopted?.wasRunning) return;
  await virsh.source.run(["shutdown", domain]);
  const until = performance.now() + SHUT_DOWN * 1000;
  // Without an answer it may still run.
  const running = (): Promise<boolean> => domainState(virsh.source, domain).then(isActive, () => true);
  while (await running()) {
    if (performance.now() > until)
      throw new MigrascopeError(
        "HYPERVISOR_REFUSED",
        `the adopted VM "${domain}" was off before and does not shut down within ${SHUT_DOWN} s: it is left running; shut it down on the source`,
        { where: "source" },
      );
    await sleep(1000);
  }
}

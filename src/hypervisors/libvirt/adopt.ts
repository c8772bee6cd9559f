/** A VM that exists already and is not ours: it takes part in a pass and is given back as it was. */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../model/errors.ts";
import type { DeadlineAction, MigrationKind } from "../../model/movement.ts";
import type { PowerOnRequest } from "../contract.ts";
import { AdoptedDisk } from "./adopted-disk.ts";
import type { Context } from "./context.ts";
import { described, domainState, isActive, runs, whereabouts } from "./domains.ts";
import type { PoweredOn } from "./power.ts";

/** Seconds that its system gets to shut down, when it was off before. */
const SHUT_DOWN = 120;

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
  const { host, vm, logDirectory, signal } = request;
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
  if (!isActive(state)) await virsh[host].run(["start", domain], { timeout: 60, signal });
  return { vm, domain, machine: "its own", disk, logDirectory, adopted: { wasRunning: isActive(state) } };
}

/**
 * Gives it back: off if it was off, and never destroyed.
 * @throws MigrascopeError MIGRATION_FAILED when it is not on the source, where it belongs; HYPERVISOR_REFUSED when it does not shut down.
 */
export async function giveBack(context: Context, { domain, disk, adopted }: PoweredOn): Promise<void> {
  const { virsh } = context;
  const where = await whereabouts(virsh, domain);
  if (where.source === "no answer" || !isActive(where.source)) {
    throw new MigrascopeError(
      "MIGRATION_FAILED",
      `the adopted VM "${domain}" is not back on the source: ${described(where)}. It is left as it is; migrate it back by hand`,
    );
  }
  await disk.remove();
  if (adopted?.wasRunning) return;
  await virsh.source.run(["shutdown", domain]);
  for (let waited = 0; isActive(await domainState(virsh.source, domain)); waited++) {
    if (waited > SHUT_DOWN)
      throw new MigrascopeError(
        "HYPERVISOR_REFUSED",
        `the adopted VM "${domain}" was off before and does not shut down within ${SHUT_DOWN} s: it is left running`,
        { where: "source" },
      );
    await sleep(1000);
  }
}

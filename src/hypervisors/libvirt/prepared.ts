/** Everything that comes before libvirt's own migrate command: the disk, what is set beforehand, and the command's words. */
import { MigrascopeError } from "../../model/errors.ts";
import { type HostRole, other } from "../../model/machines.ts";
import type { MigrationRequest } from "../contract.ts";
import type { NativeSettings } from "../qemu/native.ts";
import type { Context } from "./context.ts";
import { addressOf, destinationOptions, freePorts } from "./destination.ts";
import { described, judge, patientWhereabouts } from "./domains.ts";
import type { Migration } from "./migration.ts";
import type { PoweredOn } from "./power.ts";
import { setDowntimeLimit } from "./prepare.ts";
import { type Definitions, replug } from "./replug.ts";
import { migrateOptions } from "./settings.ts";
import { holdThrottle } from "./throttle.ts";
import type { Virsh } from "./virsh/virsh.ts";
import type { MigrationWatch } from "./watch.ts";

/** @throws MigrascopeError; the VM then runs where it was, and what was made for it stays until it is powered off. */
export async function prepared(
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
  // Refused before anything is copied.
  addressOf(options.hosts[to], settings);
  await requireAlone(virsh, domain, from);
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
  const ports = await freePorts(virsh[to].machine);
  const where = destinationOptions({ domain, to: options.hosts[to], settings, kind, ports });
  request.signal.throwIfAborted();
  const definitions = await replug(virsh[from], domain, options.hosts[from].network, options.hosts[to].network);
  const command = ["migrate", ...migrateOptions(withDeadline(request)), ...(definitions?.options ?? []), ...where];
  // Last: whatever fails before it leaves QEMU's throttling as it was.
  const throttle = request.atDeadline === "throttle" ? await held(virsh[from], domain, definitions) : undefined;
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
    ...(definitions && { definitions }),
    ...(throttle && { throttle }),
  };
}

/** @throws MigrascopeError as `holdThrottle`; the definitions' files are gone then. */
async function held(virsh: Virsh, domain: string, definitions: Definitions | undefined): Promise<NativeSettings> {
  try {
    return await holdThrottle(virsh, domain);
  } catch (error) {
    await definitions?.remove();
    throw error;
  }
}

/**
 * What is prepared at the destination takes the place of an image that a VM there would be running on.
 * @throws MigrascopeError HYPERVISOR_REFUSED unless the VM runs here and not there.
 */
export async function requireAlone(virsh: Context["virsh"], domain: string, from: HostRole): Promise<void> {
  const where = await patientWhereabouts(virsh, domain);
  if (judge(where, from, other(from)) === "stayed") return;
  throw new MigrascopeError(
    "HYPERVISOR_REFUSED",
    `the VM does not run on the ${from}, and there alone: ${described(where)}; nothing was migrated`,
    { where: from },
  );
}

/** What the deadline's action needs to be on from the beginning. */
function withDeadline({ settings, atDeadline }: MigrationRequest): MigrationRequest["settings"] {
  if (atDeadline === "post-copy" && !settings.postCopy) return { ...settings, postCopy: { recover: true } };
  if (atDeadline === "throttle") return { ...settings, autoConverge: {} };
  return settings;
}

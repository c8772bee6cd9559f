/** The VM's beginning and its end on both hosts. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole, VmSpec } from "../../model/machines.ts";
import type { PowerOnRequest } from "../contract.ts";
import type { Context } from "./context.ts";
import { consoleLog, domainXml, LOG_DIRECTORY, qemuLog } from "./definition.ts";
import { Disk } from "./disk/disk.ts";
import type { VmDisk } from "./disk/vm-disk.ts";
import { define, domainState, removeOurs, runs } from "./domains.ts";
import { patiently } from "./patience.ts";
import type { Virsh } from "./virsh/virsh.ts";

const ROLES = ["source", "destination"] as const;

/** A VM that was powered on. */
export interface PoweredOn {
  readonly vm: VmSpec;
  readonly domain: string;
  readonly machine: string;
  readonly disk: VmDisk;
  readonly logDirectory: string;
  /** It is not ours. */
  readonly adopted?: { readonly wasRunning: boolean };
}

/** Defines and starts it; returns when its vCPUs run. Whatever fails, nothing of it stays. */
export async function startVm(context: Context, request: PowerOnRequest, machine: string): Promise<PoweredOn> {
  const { options, virsh, cpu } = context;
  const { host, vm, signal, logDirectory } = request;
  // First of all: it throws for a VM that could not be.
  const commandLine = options.guest?.commandLine(vm) ?? "";
  const disk = new Disk(context, request);
  const domain = vm.name;
  await Promise.all(ROLES.map((role) => clearedOf(virsh[role], domain)));

  const powered: PoweredOn = { vm, domain, machine, disk, logDirectory };
  try {
    await disk.make(host, signal);
    const definition = domainXml({
      vm,
      accelerator: options.accelerator,
      machine,
      cpu,
      ...(options.guest && {
        kernel: { path: options.guest.kernel, initrd: options.guest.initrd, commandLine },
      }),
      disk: disk.xml(),
      network: options.hosts[host].network,
    });
    signal.throwIfAborted();
    await define(virsh[host], domain, definition);
    await virsh[host].run(["start", domain], { timeout: 60 });
    const state = await domainState(virsh[host], domain);
    if (!runs(state))
      throw new MigrascopeError("HYPERVISOR_REFUSED", `libvirt was told to run the VM but it is ${state?.state}`, {
        where: host,
      });
    return powered;
  } catch (error) {
    await endVm(context, powered).catch(() => {});
    if (signal.aborted) throw new MigrascopeError("CANCELLED", "powering on was interrupted", { where: host });
    throw error;
  }
}

/** Nothing of an earlier VM of ours, and a place for the logs. */
async function clearedOf(virsh: Virsh, domain: string): Promise<void> {
  await removeOurs(virsh, domain);
  await virsh.machine.run(["mkdir", "-p", LOG_DIRECTORY]);
  await virsh.machine.run(["rm", "-f", consoleLog(domain), qemuLog(domain)]);
}

/**
 * Ends it on both hosts, fetches the logs and removes the images. A libvirt that does not answer is waited for.
 * @throws MigrascopeError when something could not be ended.
 */
export async function endVm({ virsh }: Context, { domain, disk, logDirectory }: PoweredOn): Promise<void> {
  const ends = await Promise.allSettled(
    ROLES.map(async (role) => {
      await patiently(() => removeOurs(virsh[role], domain));
      await fetchLogs(virsh[role], role, domain, logDirectory);
    }),
  );
  const failed = ends.find((end) => end.status === "rejected");
  // An image that a VM may still be writing to is left.
  if (failed) throw failed.reason;
  await disk.remove();
}

/** Under the names that the driver qemu's logs have. What is not there is left out. */
async function fetchLogs(virsh: Virsh, role: HostRole, domain: string, directory: string): Promise<void> {
  const logs = [
    [consoleLog(domain), `console-${role}.log`],
    [qemuLog(domain), `qemu-${role}.log`],
  ] as const;
  for (const [path, name] of logs) {
    const { stdout } = await virsh.machine.run(["cat", path]).catch(() => ({ stdout: "" }));
    if (stdout !== "") await appendFile(join(directory, name), stdout).catch(() => {});
  }
}

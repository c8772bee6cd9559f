/** The running VM's disk is copied to another storage, and the VM goes on there: the first step of a migration in two. */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../../../model/errors.ts";
import type { MigrationProgress } from "../../../model/migration.ts";
import type { Clock } from "../../../model/time.ts";
import { dropFiles, keepFile } from "../kept-file.ts";
import type { Virsh } from "../virsh/virsh.ts";
import { attribute, children, descend, readXml } from "../virsh/xml.ts";
import { diskXml, TARGET } from "./disk-xml.ts";
import type { Image } from "./images.ts";

export interface DiskCopyRequest {
  readonly virsh: Virsh;
  readonly domain: string;
  /** Exists already, empty. */
  readonly target: Image;
  readonly clock: Clock;
  readonly progress: (progress: MigrationProgress) => void;
  readonly signal: AbortSignal;
}

/** Seconds between looks at how far it has come. */
const LOOK_EVERY = 0.1;

/**
 * Returns when the VM reads and writes only the target. libvirt changes the domain's persistent definition too.
 * `--transient-job`: should libvirtd be started anew in between, the job is gone rather than taken up again.
 * @throws MigrascopeError HYPERVISOR_REFUSED, COMMAND_FAILED, CANCELLED. The VM then goes on where its disk was, unless it was the
 * last answer that was lost: `diskState` tells.
 */
export async function copyDisk(request: DiskCopyRequest): Promise<void> {
  const { virsh, domain, target, signal } = request;
  // virsh reads the target's definition from a file on its host.
  const definition = await keepFile(virsh.machine, diskXml(target).text);
  try {
    await virsh.run(["blockcopy", domain, TARGET, "--xml", definition, "--reuse-external", "--transient-job"], {
      timeout: 60,
      signal,
    });
    await mirrored(request);
    await virsh.run(["blockjob", domain, TARGET, "--pivot"], { timeout: 120 });
  } catch (error) {
    await virsh.run(["blockjob", domain, TARGET, "--abort"], { timeout: 60 }).catch(() => {});
    throw error;
  } finally {
    await dropFiles(virsh.machine, [definition]);
  }
}

/**
 * What the running VM does with an image. `used`: it is its disk. `copied to`: a copy is under way.
 * @param definition of the running domain, as libvirt writes it.
 */
export function diskState(definition: string, image: Image): "used" | "copied to" | "free" {
  const disks = children(descend(readXml(definition), "domain", "devices"), "disk");
  const disk = disks.find((each) => attribute(descend(each, "target"), "dev") === TARGET);
  const wanted = descend(readXml(diskXml(image).text), "disk", "source");
  const same = (name: string): boolean => attribute(descend(disk, "source"), name) === attribute(wanted, name);
  if (disk && ["file", "protocol", "name"].every(same)) return "used";
  return descend(disk, "mirror") ? "copied to" : "free";
}

/** Until all is copied and every write goes to both. */
async function mirrored({ virsh, domain, clock, progress, signal }: DiskCopyRequest): Promise<void> {
  for (;;) {
    if (signal.aborted)
      throw new MigrascopeError("CANCELLED", "copying the disk was interrupted", { where: virsh.machine.name });
    const job = jobIn(await virsh.run(["blockjob", domain, TARGET, "--info", "--raw"]));
    if (!job)
      throw new MigrascopeError("HYPERVISOR_REFUSED", "the copy of the disk ended before it was complete", {
        where: virsh.machine.name,
      });
    progress({
      at: clock(),
      status: "disk-copy",
      diskTotal: job.end,
      diskTransferred: job.current,
      diskRemaining: job.end - job.current,
    });
    if (job.end > 0 && job.current === job.end) return;
    await sleep(LOOK_EVERY * 1000);
  }
}

/** Reads the answer to `blockjob --info --raw`: bytes. `undefined`: no job runs. */
export function jobIn(text: string): { readonly current: number; readonly end: number } | undefined {
  const value = (name: string): number | undefined => {
    const found = new RegExp(`^\\s*${name}=(\\d+)\\s*$`, "mu").exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const [current, end] = [value("cur"), value("end")];
  return current === undefined || end === undefined ? undefined : { current, end };
}

/** How long each part of a migration in several steps took. */
import { ARTIFACT } from "../../model/artifacts.ts";
import type { MigrationPart } from "../../model/migration.ts";
import type { Part } from "../../model/result.ts";
import type { Pass } from "../pass.ts";
import { Unknown } from "../unknown.ts";
import { Bounded, type PassMeasurement } from "./definition.ts";

const artifacts = [ARTIFACT.migration];

/** All of a part that was done, summed where it was done more than once. @throws Unknown, or Bounded when it did not end. */
function lengthOf(pass: Pass, part: MigrationPart): number {
  const found = pass.parts().filter((one) => one.part === part);
  if (found.length === 0) throw new Unknown("this migration had no such part");
  return found.reduce((sum, one) => sum + secondsOf(one, pass.moments().end?.t ?? null), 0);
}

function secondsOf({ part, start, end }: Part, over: number | null): number {
  if (start === null) throw new Unknown(`when the part ${part} began is not recorded`);
  if (end !== null) return end - start;
  throw new Bounded(`the part ${part} did not end`, { low: over === null ? undefined : Math.max(0, over - start) });
}

const part = (id: string, name: MigrationPart, title: string, what: string, not: string): PassMeasurement => ({
  id,
  title,
  unit: "s",
  definition: `How long the part ${name} took: ${what}. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.`,
  bounds: "None: both ends are moments of our own clock. A part that did not end has a lower bound.",
  not,
  artifacts,
  measure: (pass) => ({ value: lengthOf(pass, name) }),
});

export const partDiskCopy = part(
  "partDiskCopy",
  "disk-copy",
  "Disk copy",
  "the first copy of the running VM's disk, until what the guest writes is mirrored",
  "That no block was sent after it: what the guest writes goes to both sides until the switch-over.",
);
export const partMemory = part(
  "partMemory",
  "memory",
  "Memory",
  "from the end of the disk's copy, or from the command, until the memory was at the destination",
  "That the disk rested meanwhile: what the guest wrote was still mirrored.",
);
export const partShutDown = part(
  "partShutDown",
  "shut-down",
  "Shut down",
  "the guest's system was asked to shut down, until the VM was off",
  "When clients noticed: a guest answers until its network is down.",
);
export const partCompress = part(
  "partCompress",
  "compress",
  "Compress",
  "the image was compressed at the source",
  "What compressing costs elsewhere: it is the speed of that host's processor.",
);
export const partTransfer = part(
  "partTransfer",
  "transfer",
  "Transfer",
  "the image, compressed or not, went from the source to the destination",
  "The network's speed alone: both disks and SSH's encryption are in it.",
);
export const partDecompress = part(
  "partDecompress",
  "decompress",
  "Decompress",
  "the image was decompressed at the destination",
  "What decompressing costs elsewhere: it is the speed of that host's processor and disk.",
);
export const partStart = part(
  "partStart",
  "start",
  "Start",
  "the VM was defined and started on the destination, until its vCPUs ran",
  "When its system had booted.",
);
export const partFirstReply = part(
  "partFirstReply",
  "first-reply",
  "Boot to the first reply",
  "from then until the guest could be logged into by SSH",
  "When the first client was answered: a guest answers echo requests earlier. The downtime by probes has that.",
);

export const PART_MEASUREMENTS = {
  "disk-copy": partDiskCopy,
  memory: partMemory,
  "shut-down": partShutDown,
  compress: partCompress,
  transfer: partTransfer,
  decompress: partDecompress,
  start: partStart,
  "first-reply": partFirstReply,
} as const satisfies Readonly<Record<MigrationPart, PassMeasurement>>;

export const outOfService: PassMeasurement = {
  id: "outOfService",
  title: "Out of service, by the parts",
  unit: "s",
  definition:
    "How long a VM that was shut down and started again was away, by the migration's own parts: from the order to shut down until the guest could be logged into by SSH on the destination. It is known without any probe, in a quiet pass too.",
  bounds:
    "Low: from the VM being off to its vCPUs running again, when it surely was away. High: the value, since the guest answers until it is down and may have answered before the login.",
  not: "The downtime that clients saw: that is measured by probes.",
  artifacts,
  measure: (pass) => {
    const of = (name: MigrationPart): Part => {
      const found = pass.parts().findLast((one) => one.part === name);
      if (!found) throw new Unknown(`the part ${name} is not recorded`);
      return found;
    };
    const [down, started] = [of("shut-down"), of("start")];
    if (down.start === null || down.end === null || started.end === null)
      throw new Unknown("the VM was not shut down and started again");
    const low = Math.max(0, started.end - down.end);
    const reply = pass.parts().findLast((one) => one.part === "first-reply")?.end ?? null;
    if (reply === null) throw new Bounded("when the guest answered again is not recorded", { low });
    return { value: reply - down.start, low, high: reply - down.start };
  },
};

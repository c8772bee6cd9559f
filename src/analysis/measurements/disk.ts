/** The VM's disk in a migration that moves it, and the storage network. */
import { ARTIFACT } from "../../model/artifacts.ts";
import { imageBytes } from "../moved-disk.ts";
import type { Pass } from "../pass.ts";
import { Unknown } from "../unknown.ts";
import type { Finding, PassMeasurement } from "./definition.ts";

const image = (
  id: string,
  title: string,
  host: "source" | "destination",
  moment: "before" | "after",
  definition: string,
): PassMeasurement => ({
  id,
  title,
  unit: "bytes",
  definition,
  bounds: "None: as the host's file system or the storage tells.",
  not: "What the guest has written: blocks of zeros may be allocated, and a raw image keeps the blocks of deleted files.",
  artifacts: [ARTIFACT.statistics],
  measure: (pass) => imageBytes(pass, "allocatedBlocks", host, moment),
});

export const imageBefore = image(
  "imageBefore",
  "Image's blocks before",
  "source",
  "before",
  "Blocks allocated for the image of the VM's disk at the source before the migration.",
);
export const imageAfter = image(
  "imageAfter",
  "Image's blocks after",
  "destination",
  "after",
  "Blocks allocated for the image of the VM's disk at the destination after the migration.",
);

export const oldCopyBytes: PassMeasurement = {
  id: "oldCopyBytes",
  title: "Old copy",
  unit: "bytes",
  definition:
    "What the copy of the disk takes that was made at the destination before the migration and then grew old. A migration of the changes only sends what the guest has written since.",
  bounds: "None: as the driver counted it.",
  not: "Part of the migration: it was made before the command, and its time is not in the total time.",
  artifacts: [ARTIFACT.migration],
  measure: ({ onDisk: { record } }) => {
    if (!record?.oldCopy) throw new Unknown("no copy was made before the migration");
    return { value: record.oldCopy.bytes, source: "pass.json" };
  },
};

/** Both directions of one host's link into the storage network. */
function storageBytes(pass: Pass, host: "source" | "destination"): Finding {
  const rows = pass.ports().filter(({ role }) => role === `storage.${host}`);
  if (rows.length === 0) throw new Unknown(`nothing was counted on the storage network's link of the ${host}`);
  const both = rows.map(({ bytes, hostInterface }) => (bytes.value === null && hostInterface ? hostInterface : bytes));
  const missing = both.find(({ value }) => value === null);
  if (missing) throw new Unknown(missing.unknown ?? "one direction is not known");
  const sum = (of: (one: (typeof both)[number]) => number | undefined): number | undefined =>
    both.reduce<number | undefined>((total, one) => {
      const value = of(one);
      return total === undefined || value === undefined ? undefined : total + value;
    }, 0);
  return {
    value: sum(({ value }) => value!)!,
    low: sum(({ low }) => low),
    high: sum(({ high }) => high),
    source: [...new Set(both.map(({ source }) => source))].join("; "),
  };
}

const storage = (id: string, title: string, host: "source" | "destination"): PassMeasurement => ({
  id,
  title,
  unit: "bytes",
  definition: `Bytes between the ${host} and the storage network during the migration, both directions, background subtracted: by the switch's port, else by the host's own interface.`,
  bounds: "The sums of the bounds of both directions.",
  not: "Bytes of the migration alone: what the guest reads and writes meanwhile is in it.",
  artifacts: [ARTIFACT.counters, ARTIFACT.interfaces],
  measure: (pass) => storageBytes(pass, host),
});
export const storageSource = storage("storageSource", "Storage traffic of the source", "source");
export const storageDestination = storage("storageDestination", "Storage traffic of the destination", "destination");

/** What is moved and how: memory, storage or the whole VM cold; where its disk is; what happens when it does not end. */
import { z } from "zod";
import { Size } from "./units.ts";

/**
 * `memory`: the storage is shared. `storage`: shared-nothing, disk and memory together. `storage-incremental`: the same,
 * when an old copy of the disk is at the destination, of which only what has changed since is sent (the paper's delta
 * migration). `storage-then-memory`: the running VM's disk to a shared storage first, then its memory (the paper's two
 * steps of VMware and Citrix). `cold`: shut down, copy, start.
 */
export const MigrationKind = z.enum(["memory", "storage", "storage-incremental", "storage-then-memory", "cold"]);
export type MigrationKind = z.infer<typeof MigrationKind>;

export const ColdOptions = z.strictObject({
  compression: z.enum(["none", "gzip", "zstd"]).default("none").describe("of the disk's image, before it is sent"),
  copy: z
    .enum(["scp", "rsync"])
    .default("scp")
    .describe("both send every byte; rsync makes holes of zeroes where it writes"),
});
export type ColdOptions = z.infer<typeof ColdOptions>;

/** The VM's disk in one scenario. */
export const DiskOptions = z.strictObject({
  storage: z
    .string()
    .optional()
    .describe("one of the testbed's storages; default: the first shared one for memory, the first local one otherwise"),
  to: z
    .string()
    .optional()
    .describe("storage-then-memory: the shared storage that the disk is moved to; default: the first"),
  format: z.enum(["raw", "qcow2"]).default("raw"),
  allocation: z.enum(["sparse", "preallocated"]).default("sparse").describe("of the image's blocks when it is made"),
  data: Size.default(0).describe("bytes of random data in a file on the disk before the migration, checked after it"),
});
export type DiskOptions = z.infer<typeof DiskOptions>;

/**
 * What is done when the deadline has come and the migration has not ended. `cancel`: give up. `pause`: stop the vCPUs, so that
 * nothing dirties memory any more. `post-copy`: switch to it. `throttle`: slow the vCPUs down until it converges. `cold`:
 * cancel, then migrate cold (the paper's advice).
 */
export const DeadlineAction = z.enum(["cancel", "pause", "post-copy", "throttle", "cold"]);
export type DeadlineAction = z.infer<typeof DeadlineAction>;

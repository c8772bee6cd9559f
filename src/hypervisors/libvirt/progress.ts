/** libvirt's account of a migration (`virsh domjobinfo --rawstats`) in our terms. Fields: VIR_DOMAIN_JOB_* in libvirt-domain.h. */
import type { MigrationProgress, MigrationReport } from "../../model/migration.ts";
import type { Instant } from "../../model/time.ts";
import { known } from "../known.ts";

/** Field → value, as libvirt gives them: bytes, milliseconds, pages. */
export type JobStatistics = ReadonlyMap<string, number>;

/** `Job type: 2`, then `field: value` lines. Without a job there are no fields. */
export function parseJob(text: string): JobStatistics {
  const fields = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^\s*([a-z_]+):\s+(-?\d+)\s*$/gmu)) fields.set(name!, Number(value));
  return fields;
}

function field(from: JobStatistics, name: string, divisor = 1): number | undefined {
  const value = from.get(name);
  return value !== undefined && value >= 0 ? value / divisor : undefined;
}

export function toProgress(job: JobStatistics, status: string, at: Instant): MigrationProgress {
  const bytesPerSecond = field(job, "memory_bps");
  const pagesPerSecond = field(job, "memory_dirty_rate");
  return {
    at,
    status,
    ...known({
      round: field(job, "memory_iteration"),
      elapsed: field(job, "time_elapsed", 1000),
      remaining: field(job, "memory_remaining"),
      transferred: field(job, "memory_processed"),
      total: field(job, "memory_total"),
      throughput: bytesPerSecond === undefined ? undefined : bytesPerSecond * 8,
      dirtyRate: pagesPerSecond === undefined ? undefined : pagesPerSecond * (field(job, "memory_page_size") ?? 4096),
      throttle: field(job, "auto_converge_throttle", 100),
      zeroPages: field(job, "memory_constant"),
      normalPages: field(job, "memory_normal"),
      expectedDowntime: field(job, "downtime", 1000),
      diskTotal: field(job, "disk_total"),
      diskRemaining: field(job, "disk_remaining"),
      diskTransferred: field(job, "disk_processed"),
    }),
  };
}

/**
 * Of a completed job. The destination reckons its times from when the source says that it began and that the vCPUs stopped: they
 * hold the difference of the two hosts' clocks (virsh(1), domjobinfo: irrelevant "unless both source and destination hosts have
 * synchronized time").
 */
export const toReport = (job: JobStatistics): MigrationReport =>
  known({
    totalTime: field(job, "time_elapsed", 1000),
    downtime: field(job, "downtime", 1000),
    setupTime: field(job, "setup_time", 1000),
    transferred: field(job, "memory_processed"),
    // libvirt 9.0 says nothing of the disk once the migration is over, in the form of zeroes.
    diskTransferred: field(job, "disk_total") ? field(job, "disk_processed") : undefined,
    rounds: field(job, "memory_iteration"),
    zeroPages: field(job, "memory_constant"),
    normalPages: field(job, "memory_normal"),
    pageSize: field(job, "memory_page_size") || undefined,
    postCopyRequests: field(job, "memory_postcopy_requests"),
  });

/** Every measurement that there is, in the order in which they are listed. */
import { blackout, pauseAtSource } from "./blackout.ts";
import type { Definition, PassMeasurement } from "./definition.ts";
import { imageAfter, imageBefore, oldCopyBytes, storageDestination, storageSource } from "./disk.ts";
import { downtime, downtimeTotal } from "./downtime.ts";
import { transferredByFlows, transferredControl, transferredDisk, transferredMemory } from "./flows.ts";
import { outOfService, PART_MEASUREMENTS } from "./parts.ts";
import { lostProbeTime, probesLate, probesLost, probesMissed, probesRefused, probesSent, replyGap } from "./probes.ts";
import { TRIAL_MEASUREMENTS } from "./probing-cost.ts";
import {
  diskTransferredReported,
  downtimeReported,
  normalPages,
  postCopyRequests,
  setupTime,
  totalTimeReported,
  transferredReported,
  zeroPages,
} from "./reported.ts";
import { rounds } from "./rounds.ts";
import { totalTime } from "./total-time.ts";
import { throughput, transferred, transferredByInterfaces } from "./transferred.ts";
import {
  blackoutInside,
  brownout10,
  brownout50,
  brownout90,
  guestClockLost,
  peakLatency,
  stalePages,
  workLost,
} from "./workloads.ts";

/** Measurements of either pass. */
export const PASS_MEASUREMENTS: readonly PassMeasurement[] = [
  totalTime,
  totalTimeReported,
  blackout,
  downtimeReported,
  setupTime,
  pauseAtSource,
  rounds,
  transferred,
  transferredByInterfaces,
  transferredReported,
  throughput,
  zeroPages,
  normalPages,
  postCopyRequests,
];

/** Measurements that only a probed pass can have: a quiet one was not asked, which is not the same as unknown. */
export const PROBED_MEASUREMENTS: readonly PassMeasurement[] = [
  downtime,
  downtimeTotal,
  lostProbeTime,
  replyGap,
  probesSent,
  probesLost,
  probesLate,
  probesMissed,
  probesRefused,
];

/** Measurements of a pass whose flows were counted, or could have been: those with probes. */
export const FLOW_MEASUREMENTS: readonly PassMeasurement[] = [
  transferredMemory,
  transferredDisk,
  transferredControl,
  transferredByFlows,
];

/** Measurements of a migration that moves a disk. */
export const DISK_MEASUREMENTS: readonly PassMeasurement[] = [imageBefore, imageAfter, diskTransferredReported];

/** Measurements of a VM that was shut down and started again. */
export const COLD_MEASUREMENTS: readonly PassMeasurement[] = [outOfService];

/** Measurements of hosts that have a storage network. */
export const STORAGE_MEASUREMENTS: readonly PassMeasurement[] = [storageSource, storageDestination];

/** Measurements that only a pass with a workload in the guest can have: an idle guest records nothing. */
export const WORKLOAD_MEASUREMENTS: readonly PassMeasurement[] = [
  blackoutInside,
  guestClockLost,
  brownout90,
  brownout50,
  brownout10,
  workLost,
  peakLatency,
  stalePages,
];

export { oldCopyBytes, PART_MEASUREMENTS };

/** The descriptions of all, for documentation and reports. */
export const DEFINITIONS: readonly Definition[] = [
  ...PASS_MEASUREMENTS,
  ...PROBED_MEASUREMENTS,
  ...FLOW_MEASUREMENTS,
  ...Object.values(PART_MEASUREMENTS),
  ...COLD_MEASUREMENTS,
  ...DISK_MEASUREMENTS,
  oldCopyBytes,
  ...STORAGE_MEASUREMENTS,
  ...WORKLOAD_MEASUREMENTS,
  ...TRIAL_MEASUREMENTS,
].map(({ id, title, unit, definition, bounds, not, artifacts }) => ({
  id,
  title,
  unit,
  definition,
  bounds,
  not,
  artifacts,
}));

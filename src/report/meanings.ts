/**
 * The words for each measurement that analysis makes, in the order of tables. Reports read results, not analysis, so that
 * a result can be shown without its raw files; a test holds these words against the definitions that analysis gives.
 */
export interface Meaning {
  readonly label: string;
  readonly definition: string;
}

export const MEANINGS: Readonly<Record<string, Meaning>> = {
  totalTime: {
    label: "Total time",
    definition:
      "From the migrate command until the source reported that the migration had completed, on the benchmark server's monotonic clock. Of a VM that was shut down, until it was started on the destination: its boot to the first reply is told apart.",
  },
  downtime: {
    label: "Downtime",
    definition:
      "How long a client could not reach the VM: the longest outage that overlaps STOP to RESUME, or else the longest during the migration. An outage is a run of probes that were lost or late; its bounds come from actual departures and arrivals, its value reaches from the middle between the last probe answered in time and the first that was not, to the same at its end or to the release of held replies.",
  },
  blackout: {
    label: "Blackout",
    definition:
      "How long the vCPUs stood still: from STOP on the source to RESUME on the destination, by the hypervisors' own timestamps corrected by the measured offset of each host's clock; the bounds are the offsets' uncertainties. Where the VM was paused on purpose before the switch-over, from that STOP; the source says so.",
  },
  downtimeReported: {
    label: "Reported downtime",
    definition: "What the hypervisor itself claims as downtime; neither the blackout nor what a client sees.",
  },
  totalTimeReported: {
    label: "Reported total time",
    definition: "What the hypervisor itself gives as the migration's total time.",
  },
  partDiskCopy: {
    label: "Disk copy",
    definition:
      "How long the part disk-copy took: the first copy of the running VM's disk, until what the guest writes is mirrored. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partMemory: {
    label: "Memory",
    definition:
      "How long the part memory took: from the end of the disk's copy, or from the command, until the memory was at the destination. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partShutDown: {
    label: "Shut down",
    definition:
      "How long the part shut-down took: the guest's system was asked to shut down, until the VM was off. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partCompress: {
    label: "Compress",
    definition:
      "How long the part compress took: the image was compressed at the source. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partTransfer: {
    label: "Transfer",
    definition:
      "How long the part transfer took: the image, compressed or not, went from the source to the destination. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partDecompress: {
    label: "Decompress",
    definition:
      "How long the part decompress took: the image was decompressed at the destination. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partStart: {
    label: "Start",
    definition:
      "How long the part start took: the VM was defined and started on the destination, until its vCPUs ran. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  partFirstReply: {
    label: "Boot to the first reply",
    definition:
      "How long the part first-reply took: from then until the guest could be logged into by SSH. On the benchmark server's monotonic clock, from when its beginning was told to when its end was.",
  },
  outOfService: {
    label: "Out of service, by the parts",
    definition:
      "How long a VM that was shut down and started again was away, by the migration's own parts: from the order to shut down until the guest could be logged into by SSH on the destination. It is known without any probe, in a quiet pass too.",
  },
  setupTime: {
    label: "Setup time",
    definition: "What the hypervisor says it needed before it sent the first page.",
  },
  pauseAtSource: {
    label: "Pause at the source",
    definition:
      "How long the vCPUs stood still in a migration that came to nothing: from STOP on the source until they ran there again.",
  },
  rounds: {
    label: "Rounds",
    definition: "How often the hypervisor went over the memory; the first round copies all of it.",
  },
  transferred: {
    label: "Data on the wire",
    definition:
      "Bytes that left the source on the migration network, counted by the managed switch at the source's port (SNMP), headers included, background subtracted.",
  },
  transferredMemory: {
    label: "Memory on the wire",
    definition:
      "Bytes of frames that left the source from the migrate command on, in TCP connections to or from a port that the driver says carried memory; headers included.",
  },
  transferredDisk: {
    label: "Disk on the wire",
    definition:
      "Bytes of frames that left the source from the migrate command on, in TCP connections to or from a port that the driver says carried the disk; headers included. 0 when the migration moved none.",
  },
  transferredControl: {
    label: "Control on the wire",
    definition:
      "All other bytes of frames that left the source on the migration network from the migrate command on: management connections, address resolution, and whatever else was there.",
  },
  transferredByFlows: {
    label: "Data by all flows",
    definition:
      "The sum of all flows: every frame that left the source on the migration network from the migrate command on. It is held against the switch's port: a difference beyond 0.1 % and 64 KiB, 4 bytes a frame for check sequences and the headers of segments that the network card cuts is a warning.",
  },
  transferredByInterfaces: {
    label: "Data by the source's interface",
    definition:
      "The same bytes as the source's own interface on the migration network counted them, background subtracted.",
  },
  transferredReported: {
    label: "Reported data",
    definition: "Bytes that the hypervisor says it sent.",
  },
  diskTransferredReported: {
    label: "Reported disk data",
    definition: "Bytes of the disk that the hypervisor says it copied.",
  },
  imageBefore: {
    label: "Image's blocks before",
    definition: "Blocks allocated for the image of the VM's disk at the source before the migration.",
  },
  imageAfter: {
    label: "Image's blocks after",
    definition: "Blocks allocated for the image of the VM's disk at the destination after the migration.",
  },
  oldCopyBytes: {
    label: "Old copy",
    definition:
      "What the copy of the disk takes that was made at the destination before the migration and then grew old. A migration of the changes only sends what the guest has written since.",
  },
  storageSource: {
    label: "Storage traffic of the source",
    definition:
      "Bytes between the source and the storage network during the migration, both directions, background subtracted: by the switch's port, else by the host's own interface.",
  },
  storageDestination: {
    label: "Storage traffic of the destination",
    definition:
      "Bytes between the destination and the storage network during the migration, both directions, background subtracted: by the switch's port, else by the host's own interface.",
  },
  throughput: {
    label: "Mean throughput",
    definition:
      "Data on the wire over the total time; data by the source's interface where there is no managed switch.",
  },
  zeroPages: {
    label: "Zero pages",
    definition: "Pages that the hypervisor found to be all zeros and did not send.",
  },
  normalPages: {
    label: "Pages sent",
    definition: "Pages that the hypervisor says it sent in full, repeated ones included.",
  },
  postCopyRequests: {
    label: "Post-copy requests",
    definition: "Pages that the destination had to ask for after it ran.",
  },
  downtimeTotal: {
    label: "Downtime, all outages",
    definition:
      "The sum of all outages in which probes were lost, and of what overlaps STOP to RESUME, from the migrate command to the end of the probing, with the sum of their bounds. Delays without loss are not in it, nor what is too short for the probes.",
  },
  lostProbeTime: {
    label: "Lost-probe time",
    definition:
      "The time covered by probes that were sent after the migrate command and never answered, each from its actual departure to the next: how the original paper computed downtime. Blind to what is held and answered late.",
  },
  replyGap: {
    label: "Reply gap",
    definition: "The longest time between two replies that arrived one after the other, from the migrate command on.",
  },
  probesSent: {
    label: "Probes sent",
    definition:
      "Probes that the kernel took, in the whole pass; those still under way when the log ended are left out.",
  },
  probesLost: {
    label: "Probes lost",
    definition: "Probes sent and never answered, in the whole pass.",
  },
  probesLate: {
    label: "Probes answered late",
    definition: "Probes whose round trip was longer than the threshold stated with the outages, in the whole pass.",
  },
  probesMissed: {
    label: "Probes missed",
    definition: "Ticks that were over before the prober could send: its machine had stalled. They are not lost probes.",
  },
  probesRefused: {
    label: "Probes refused",
    definition:
      "Probes that the kernel refused to send. Nothing is known from them: they are neither answered nor lost.",
  },
  blackoutInside: {
    label: "Blackout from inside",
    definition:
      "How long a workload inside the VM stood still around the switch-over, in real time: its longest pause there by the guest's own clock, and the time that this clock lost. Of the first workload that needs no network, else of the first. The switch-over is placed by STOP on the source, else where the pause was longest; the source says which.",
  },
  guestClockLost: {
    label: "Lost by the guest's clock",
    definition:
      "How far the guest's monotonic clock fell behind the benchmark server's over the migration: its offset before, carried on at the speed that it had, minus its offset after. Negative: it was set ahead.",
  },
  brownout90: {
    label: "Brownout, below 90 %",
    definition:
      "Seconds of real time in which the first workload of the scenario was slower than 90 % of its median rate before the migrate command, by its windows, from the command until the rate was back: the first window after the migration's end with at least 90 % that begins ten whose median has as much. The time in which the vCPUs stood still counts as the hypervisor tells it. Where the recording ended first, the source says so.",
  },
  brownout50: {
    label: "Brownout, below 50 %",
    definition:
      "Seconds of real time in which the first workload of the scenario was slower than 50 % of its median rate before the migrate command, by its windows, from the command until the rate was back: the first window after the migration's end with at least 90 % that begins ten whose median has as much. The time in which the vCPUs stood still counts as the hypervisor tells it. Where the recording ended first, the source says so.",
  },
  brownout10: {
    label: "Brownout, below 10 %",
    definition:
      "Seconds of real time in which the first workload of the scenario was slower than 10 % of its median rate before the migrate command, by its windows, from the command until the rate was back: the first window after the migration's end with at least 90 % that begins ten whose median has as much. The time in which the vCPUs stood still counts as the hypervisor tells it. Where the recording ended first, the source says so.",
  },
  workLost: {
    label: "Work lost",
    definition:
      "What the first workload of the scenario would have done at its median rate before the migrate command, from the command until the rate was back, less what it did: PerfKitBenchmarker's sum of (median − v)/median · Δ, times the median. Bytes; a count of operations where it handles no data. Negative: it did more.",
  },
  peakLatency: {
    label: "Peak latency",
    definition:
      "The longest operation of the first workload of the scenario from the migrate command to the end of the recording, by the guest's clock; where it runs flat out, at least the time that this clock lost, since an operation was then under way.",
  },
  stalePages: {
    label: "Stale pages",
    definition:
      "Pages that a workload found with another content than was last written to them, over all workloads that look: writing to memory in rounds, and reading it. More than 0 means that memory was lost or mixed up.",
  },
  probingCostTotalTime: {
    label: "What probing added to the total time",
    definition:
      "What probing added to the total time: the probed pass minus the quiet pass. One pair says little: migrations differ from each other anyway.",
  },
  probingCostBlackout: {
    label: "What probing added to the blackout",
    definition:
      "What probing added to the blackout: the probed pass minus the quiet pass. One pair says little: migrations differ from each other anyway.",
  },
  probingCostTransferred: {
    label: "What probing added to the data on the wire",
    definition:
      "What probing added to the data on the wire: the probed pass minus the quiet pass. One pair says little: migrations differ from each other anyway.",
  },
};

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
      "From the migrate command until the source reported that the migration had completed, on the benchmark server's monotonic clock.",
  },
  downtime: {
    label: "Downtime",
    definition:
      "How long a client could not reach the VM: the longest outage that overlaps STOP to RESUME, or else the longest during the migration. An outage is a run of probes that were lost or late; its bounds come from actual departures and arrivals, its value reaches from the middle between the last probe answered in time and the first that was not, to the same at its end or to the release of held replies.",
  },
  blackout: {
    label: "Blackout",
    definition:
      "How long the vCPUs stood still: from STOP on the source to RESUME on the destination, by the hypervisors' own timestamps corrected by the measured offset of each host's clock; the bounds are the offsets' uncertainties.",
  },
  downtimeReported: {
    label: "Reported downtime",
    definition: "What the hypervisor itself claims as downtime; neither the blackout nor what a client sees.",
  },
  totalTimeReported: {
    label: "Reported total time",
    definition: "What the hypervisor itself gives as the migration's total time.",
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
  transferredByInterfaces: {
    label: "Data by the source's interface",
    definition:
      "The same bytes as the source's own interface on the migration network counted them, background subtracted.",
  },
  transferredReported: {
    label: "Reported data",
    definition: "Bytes that the hypervisor says it sent.",
  },
  throughput: {
    label: "Mean throughput",
    definition: "Data on the wire over the total time.",
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

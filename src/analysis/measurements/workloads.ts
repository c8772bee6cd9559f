/** What the workloads inside the VM experienced: only where the scenario has any. */
import { ARTIFACT } from "../../model/artifacts.ts";
import { peakLatency as longestOperation, lostOf, standstillInside } from "../inside.ts";
import type { Pass } from "../pass.ts";
import { Unknown } from "../unknown.ts";
import { brownoutOfWorkload, stalePages as staleOf } from "../workload-results.ts";
import type { PassMeasurement } from "./definition.ts";

const artifacts = [ARTIFACT.workload, ARTIFACT.migration];
/** The workload that the measurements of a pass speak of. */
const FIRST = 0;

/** A network workload pauses with the network; any other stands still only with the VM. */
function witness({ workloads: { planned } }: Pass): number {
  const local = planned.findIndex(({ kind }) => kind !== "tcp" && kind !== "udp");
  return Math.max(FIRST, local);
}

export const blackoutInside: PassMeasurement = {
  id: "blackoutInside",
  title: "Blackout from inside",
  unit: "s",
  definition:
    "How long a workload inside the VM stood still around the switch-over, in real time: its longest pause there by the guest's own clock, and the time that this clock lost. Of the first workload that needs no network, else of the first. The switch-over is placed by STOP on the source, else where the pause was longest; the source says which.",
  bounds:
    "The uncertainties of the clock comparisons on both sides. Low: the longer of pause and clock lost, since they need not have come together.",
  not: "When the vCPUs stopped: a workload also stands still for other reasons, and what rests between two quanta of its rate has not paused.",
  artifacts,
  measure: (pass) => {
    const { workloads } = pass;
    return standstillInside(workloads.windows("guest", witness(pass)), workloads.clock(), workloads.still());
  },
};

export const guestClockLost: PassMeasurement = {
  id: "guestClockLost",
  title: "Lost by the guest's clock",
  unit: "s",
  definition:
    "How far the guest's monotonic clock fell behind the benchmark server's over the migration: its offset before, carried on at the speed that it had, minus its offset after. Negative: it was set ahead.",
  bounds:
    "Half of the shortest round trip of each comparison, and what the speed of the clocks may be off by over the time in between: as measured, else 500 parts in a million.",
  not: "The blackout: a hypervisor may keep the clock running, stop it for longer, or set it right.",
  artifacts,
  measure: (pass) => {
    const { value, low, high } = lostOf(pass.workloads.clock());
    return { value, low, high, source: "pass.json, comparisons of the guest's clock" };
  },
};

const brownout = (percent: 90 | 50 | 10): PassMeasurement => ({
  id: `brownout${percent}`,
  title: `Brownout, below ${percent} %`,
  unit: "s",
  definition: `Seconds of real time in which the first workload of the scenario was slower than ${percent} % of its median rate before the migrate command, by its windows, from the command until the rate was back: the first window after the migration's end with at least 90 % that begins ten whose median has as much. The time in which the vCPUs stood still counts as the hypervisor tells it. Where the recording ended first, the source says so.`,
  bounds:
    "It became slow and fast again somewhere in the outermost windows of each slow run or in those beside it: low counts neither, high both. The standstill is known to the uncertainty of the clocks. No upper bound where the rate was not back.",
  not: "Dips that leave the mean of their window above the limit, except the standstill. A workload whose rate varies by itself is slow without any migration.",
  artifacts,
  measure: (pass) => brownoutOfWorkload(pass, FIRST).below(percent / 100),
});
export const brownout90 = brownout(90);
export const brownout50 = brownout(50);
export const brownout10 = brownout(10);

export const workLost: PassMeasurement = {
  id: "workLost",
  title: "Work lost",
  unit: "bytes",
  definition:
    "What the first workload of the scenario would have done at its median rate before the migrate command, from the command until the rate was back, less what it did: PerfKitBenchmarker's sum of (median − v)/median · Δ, times the median. Bytes; a count of operations where it handles no data. Negative: it did more.",
  bounds:
    "What was done in the window of the command may have been done before it or after; the axis may be off by the clocks' uncertainty. No upper bound where the rate was not back.",
  not: "Work that was never done: a workload without a rate of its own has only done it later.",
  artifacts,
  measure: (pass) => {
    const unit = pass.workloads.planned[FIRST]?.kind === "cpu" ? "count" : "bytes";
    return { ...brownoutOfWorkload(pass, FIRST).lost(), unit };
  },
};

export const peakLatency: PassMeasurement = {
  id: "peakLatency",
  title: "Peak latency",
  unit: "s",
  definition:
    "The longest operation of the first workload of the scenario from the migrate command to the end of the recording, by the guest's clock; where it runs flat out, at least the time that this clock lost, since an operation was then under way.",
  bounds:
    "Low: as the guest counted, in windows that began after the command. High: the window of the command counts too, and the longest operation around the switch-over may have lasted longer by what the clock lost.",
  not: "A request's latency as a client sees it: an operation is a piece of work of the agent, of the size that it chose.",
  artifacts,
  measure: ({ workloads }) => longestOperation(workloads.windows("guest", FIRST), workloads.clock(), workloads.still()),
};

export const stalePages: PassMeasurement = {
  id: "stalePages",
  title: "Stale pages",
  unit: "count",
  definition:
    "Pages that a workload found with another content than was last written to them, over all workloads that look: writing to memory in rounds, and reading it. More than 0 means that memory was lost or mixed up.",
  bounds: "None: counted.",
  not: "That memory which nobody read again is as it was; pages of zeros and skewed writers are not looked at.",
  artifacts: [ARTIFACT.workload],
  measure: (pass) => {
    const counts = pass.workloads.planned.flatMap((_, number) => {
      try {
        return staleOf(pass, number);
      } catch (error) {
        if (error instanceof Unknown && pass.workloads.lanes("guest").length > 0) return [];
        throw error;
      }
    });
    if (counts.length === 0) throw new Unknown("no workload checked what it found");
    return { value: counts.reduce((sum, one) => sum + one, 0) };
  },
};

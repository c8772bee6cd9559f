import { ARTIFACT } from "../../model/artifacts.ts";
import type { Mark } from "../timeline.ts";
import { Unknown } from "../unknown.ts";
import type { Finding, PassMeasurement } from "./definition.ts";

/** Two marks of different clocks are as far apart as both clocks allow; without a known uncertainty there are no bounds. */
function between(from: Mark, to: Mark): Finding {
  const value = to.t - from.t;
  const source = from.source === to.source ? from.source : `${from.source}; ${to.source}`;
  if (from.uncertainty === null || to.uncertainty === null) {
    if (value < 0) throw new Unknown("by their stamps, RESUME came before STOP, and nothing is known of the clocks");
    return { value, source };
  }
  // Hypervisors stamp in microseconds.
  const slack = from.uncertainty + to.uncertainty + 1e-6;
  if (value + slack < 0)
    throw new Unknown(
      `by their stamps, RESUME came ${(-value).toFixed(6)} s before STOP: the clocks' offsets are wrong`,
    );
  return { value: Math.max(0, value), low: Math.max(0, value - slack), high: value + slack, source };
}

export const blackout: PassMeasurement = {
  id: "blackout",
  title: "Blackout",
  unit: "s",
  definition:
    "How long the vCPUs stood still: from STOP on the source to RESUME on the destination, by the hypervisors' own timestamps corrected by the measured offset of each host's clock; the bounds are the offsets' uncertainties. Where the VM was paused on purpose before the switch-over, from that STOP; the source says so.",
  bounds:
    "The uncertainties of both hosts' clock offsets, and one microsecond for the stamps' resolution; none where an offset was not measured. Stamps that contradict each other beyond that make it unknown.",
  not: "What a client sees, nor when the last instruction ran: the hypervisor stamps its own events, and how far they lie from the vCPUs' stop it does not say. Of a VM that was shut down, when its system ran again: it booted anew.",
  artifacts: [ARTIFACT.migration],
  measure: (pass) => {
    const { stop, resume, paused } = pass.moments();
    const away = pass.parts().some(({ part }) => part === "shut-down");
    if (away && !(stop && resume)) throw new Unknown("the VM was shut down: its parts tell how long it was away");
    if (!stop) throw new Unknown("no STOP on the source is recorded");
    if (!resume) throw new Unknown("no RESUME on the destination is recorded");
    const found = between(stop, resume);
    if (away) return { ...found, source: `${found.source}; the VM was shut down, and its system booted anew` };
    return paused ? { ...found, source: `${found.source}; the VM was paused on purpose` } : found;
  },
};

export const pauseAtSource: PassMeasurement = {
  id: "pauseAtSource",
  title: "Pause at the source",
  unit: "s",
  definition:
    "How long the vCPUs stood still in a migration that came to nothing: from STOP on the source until they ran there again.",
  bounds: "As of the blackout.",
  not: "A blackout: the VM never ran on the destination.",
  artifacts: [ARTIFACT.migration],
  measure: (pass) => {
    const { stop, resumeSource } = pass.moments();
    if (!stop || !resumeSource) throw new Unknown("the VM did not resume on the source");
    return between(stop, resumeSource);
  },
};

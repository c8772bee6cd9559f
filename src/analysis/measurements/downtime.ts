import { ARTIFACT } from "../../model/artifacts.ts";
import { coverOrThrow } from "../coverage.ts";
import { longestUnheard } from "../gaps.ts";
import { kindOf, placeOf } from "../outage-results.ts";
import { Bounded, type PassMeasurement } from "./definition.ts";

const artifacts = [ARTIFACT.probes, ARTIFACT.migration];

export const downtime: PassMeasurement = {
  id: "downtime",
  title: "Downtime",
  unit: "s",
  definition:
    "How long a client could not reach the VM: the longest outage that overlaps STOP to RESUME, or else the longest during the migration. An outage is a run of probes that were lost or late; its bounds come from actual departures and arrivals, its value reaches from the middle between the last probe answered in time and the first that was not, to the same at its end or to the release of held replies.",
  bounds:
    "Low: from the latest moment at which it can have begun to the earliest at which it can have ended. High: from the departure of the last probe that was answered before to the arrival of the first answer after. Time in which the prober sent nothing is not in the low one. Without an outage there is no value, and high is the longest time from an answered probe's departure to the next answer. An outage that outlasts the log has no upper bound.",
  not: "Whether an application noticed: it is ICMP echo from one place. Shorter than the bounds allow for cannot be told from nothing. Slow answers of a guest that runs again are part of it.",
  artifacts,
  measure: (pass) => {
    const outage = pass.downtime();
    if (!outage) {
      const high = longestUnheard(pass.flights(), 0) ?? undefined;
      throw new Bounded("no outage was seen: if there was one, it was too short for the probes", { low: 0, high });
    }
    const { value, low, high } = outage.duration;
    if (high === null) throw new Bounded("the probes' log does not reach beyond the outage", { low });
    return { value, low, high };
  },
};

export const downtimeTotal: PassMeasurement = {
  id: "downtimeTotal",
  title: "Downtime, all outages",
  unit: "s",
  definition:
    "The sum of all outages in which probes were lost, and of what overlaps STOP to RESUME, from the migrate command to the end of the probing, with the sum of their bounds. Delays without loss are not in it, nor what is too short for the probes.",
  bounds:
    "The sums of the outages' own bounds; no value without an outage, and no upper bound when one outlasts the log.",
  not: "The time in which the service was slow: delays without loss are listed apart. Nothing after the probing ended.",
  artifacts,
  measure: (pass) => {
    const moments = pass.moments();
    const outages = pass
      .outages()
      .filter((outage) => placeOf(outage, moments) !== "before" && kindOf(outage, moments) === "outage");
    coverOrThrow(pass.flights(), moments);
    if (outages.length === 0)
      throw new Bounded("no outage was seen: if there were any, they were too short for the probes", { low: 0 });
    const sum = { value: 0, low: 0, high: 0 };
    let open = false;
    for (const { duration } of outages) {
      sum.value += duration.value;
      sum.low += duration.low;
      sum.high += duration.high ?? 0;
      open ||= duration.high === null;
    }
    if (open) throw new Bounded("the probes' log does not reach beyond an outage", { low: sum.low });
    return sum;
  },
};

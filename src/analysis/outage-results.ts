/** Detected outages as they stand in the result, placed in the migration. */
import type { Measurement, Outage } from "../model/result.ts";
import { type Moments, standstill } from "./moments.ts";
import type { DetectedOutage } from "./outages.ts";

const SOURCE = "probes.bin";

export function outageResult(outage: DetectedOutage, moments: Moments): Outage {
  const { firstSequence, lastSequence, lost, late, begin, end, open } = outage;
  const { value, low, high } = outage.duration;
  const side = open.begin && open.end ? "either side" : open.begin ? "its beginning" : "its end";
  const duration: Measurement =
    high === null
      ? { value: null, unit: "s", low, source: SOURCE, unknown: `the log does not reach beyond ${side}` }
      : { value, unit: "s", low, high, source: SOURCE };
  const replyGap: Measurement =
    outage.replyGap === null
      ? { value: null, unit: "s", source: SOURCE, unknown: "there is no reply on one of its sides" }
      : { value: outage.replyGap, unit: "s", source: SOURCE };
  const lostProbeTime: Measurement = { ...outage.lostProbeTime, unit: "s", source: SOURCE };
  const during = placeOf(outage, moments);
  return {
    firstSequence,
    lastSequence,
    lost,
    late,
    begin,
    end,
    duration,
    lostProbeTime,
    replyGap,
    kind: kindOf(outage, moments),
    during,
  };
}

/** Replies that came late away from the blackout are a delay; the blackout holds probes back without losing any. */
export const kindOf = (outage: DetectedOutage, moments: Moments): Outage["kind"] =>
  outage.lost > 0 || placeOf(outage, moments) === "blackout" ? "outage" : "delay";

/** Whether it overlaps the time in which the vCPUs stood still; else by its beginning, before, within or after the migration. */
export function placeOf({ begin, end }: DetectedOutage, moments: Moments): Outage["during"] {
  const still = standstill(moments);
  if (still && begin.low <= still.to && end.high >= still.from) return "blackout";
  if (end.high < 0) return "before";
  return moments.end !== null && begin.low > moments.end.t ? "after" : "migration";
}

/**
 * The outage that is the migration's downtime: the longest that overlaps the blackout, else the longest during the
 * migration. Where the blackout is known and met no probe, a delay elsewhere does not stand in for it.
 */
export function downtimeOf(outages: readonly DetectedOutage[], moments: Moments): DetectedOutage | null {
  const known = standstill(moments) !== null;
  for (const place of ["blackout", "migration"]) {
    const candidates = outages.filter(
      (outage) => placeOf(outage, moments) === place && (!known || kindOf(outage, moments) === "outage"),
    );
    if (candidates.length > 0) return candidates.reduce((a, b) => (b.duration.value > a.duration.value ? b : a));
  }
  return null;
}

/** Whether the probes looked at all of the time that a number about outages speaks of. */
import type { Flights } from "./flights.ts";
import { type Moments, standstill } from "./moments.ts";
import { Unknown } from "./unknown.ts";

/**
 * What no probe looked at is not known to have been free of outages.
 * @throws Unknown when the probes do not reach from the migrate command to the vCPUs' return, or to the migration's end.
 */
export function coverOrThrow(flights: Flights, moments: Moments): void {
  const still = standstill(moments);
  const until = still?.to ?? moments.end?.t ?? 0;
  const first = flights.sent[0];
  if (first === undefined || first > (still?.from ?? 0))
    throw new Unknown("the probing began only after the VM may have been out of reach");
  // An outage that lasts until the log ends is open, and said to be.
  const open = Number.isNaN(flights.received[flights.length - 1]!);
  if (flights.logEnd < until && !open)
    throw new Unknown(
      `the probes' log ends ${(until - flights.logEnd).toFixed(3)} s before ${still ? "the vCPUs ran again" : "the migration's end"}`,
    );
}

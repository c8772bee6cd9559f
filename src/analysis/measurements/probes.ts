/** Counts and times of the probes themselves. */
import { ARTIFACT } from "../../model/artifacts.ts";
import { coverOrThrow } from "../coverage.ts";
import type { Flights } from "../flights.ts";
import { longestGap } from "../gaps.ts";
import { timeCovered } from "../outages.ts";
import { Unknown } from "../unknown.ts";
import type { PassMeasurement } from "./definition.ts";

const artifacts = [ARTIFACT.probes];

function indices(flights: Flights, wanted: (i: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < flights.length; i++) if (flights.refused[i] === 0 && wanted(i)) found.push(i);
  return found;
}

const lostAmong = (flights: Flights): number[] => indices(flights, (i) => Number.isNaN(flights.received[i]!));

export const lostProbeTime: PassMeasurement = {
  id: "lostProbeTime",
  title: "Lost-probe time",
  unit: "s",
  definition:
    "The time covered by probes that were sent after the migrate command and never answered, each from its actual departure to the next: how the original paper computed downtime. Blind to what is held and answered late.",
  bounds:
    "N lost probes in a row cover at least the N-1 intervals between them and at most the N+1 around them, by actual departures. Where the prober missed ticks between two of them, only one interval counts for the lower bound.",
  not: "How long the VM was out of reach where requests were held and answered late, nor that the losses were one outage.",
  artifacts,
  measure: (pass) => {
    const flights = pass.flights();
    coverOrThrow(flights, pass.moments());
    return timeCovered(
      flights,
      indices(flights, (i) => Number.isNaN(flights.received[i]!) && flights.sent[i]! >= 0),
    );
  },
};

export const replyGap: PassMeasurement = {
  id: "replyGap",
  title: "Reply gap",
  unit: "s",
  definition: "The longest time between two replies that arrived one after the other, from the migrate command on.",
  bounds: "None: it is what was observed.",
  not: "How long the VM was out of reach: it has an interval and a round trip in it, and a pause of the prober shows as well.",
  artifacts,
  measure: (pass) => {
    const value = longestGap(pass.flights(), 0);
    if (value === null) throw new Unknown("there are no two replies after the migrate command");
    return { value };
  },
};

const count = (
  id: string,
  title: string,
  definition: string,
  not: string,
  of: (flights: Flights, threshold: number) => number,
) => ({
  id,
  title,
  unit: "count" as const,
  definition,
  bounds: "None: counted.",
  not,
  artifacts,
  measure: (pass: Parameters<PassMeasurement["measure"]>[0]) => ({
    value: of(pass.flights(), pass.lateness().threshold),
  }),
});

export const probesSent: PassMeasurement = count(
  "probesSent",
  "Probes sent",
  "Probes that the kernel took, in the whole pass; those still under way when the log ended are left out.",
  "That they left the machine: the kernel took them.",
  (flights) => indices(flights, () => true).length,
);
export const probesLost: PassMeasurement = count(
  "probesLost",
  "Probes lost",
  "Probes sent and never answered, in the whole pass.",
  "Where they were lost: that is their fate. Losses before the migrate command are among them.",
  (flights) => lostAmong(flights).length,
);
export const probesLate: PassMeasurement = count(
  "probesLate",
  "Probes answered late",
  "Probes whose round trip was longer than the threshold stated with the outages, in the whole pass.",
  "That they were held during the blackout: most late answers of an emulated guest are its own slowness.",
  (flights, threshold) => indices(flights, (i) => flights.received[i]! - flights.sent[i]! > threshold).length,
);
export const probesMissed: PassMeasurement = count(
  "probesMissed",
  "Probes missed",
  "Ticks that were over before the prober could send: its machine had stalled. They are not lost probes.",
  "Anything about the VM: nobody looked.",
  (flights) => flights.missed,
);
export const probesRefused: PassMeasurement = count(
  "probesRefused",
  "Probes refused",
  "Probes that the kernel refused to send. Nothing is known from them: they are neither answered nor lost.",
  "Anything about the VM: the fault lies with the benchmark server or its route.",
  (flights) => flights.refused.reduce((sum, refused) => sum + refused, 0),
);

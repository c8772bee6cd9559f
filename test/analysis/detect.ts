/** What the analysis finds in a synthetic world. */
import { assembleFlights } from "../../src/analysis/flights.ts";
import { judgeLateness } from "../../src/analysis/lateness.ts";
import { type DetectedOutage, findOutages } from "../../src/analysis/outages.ts";
import { originAt, probeLog, type World } from "./world.ts";

/** A repeatable noise between 0 and 1. */
export const noise = (seed: number) => (tick: number) => {
  let x = (tick + 1) * 0x9e3779b1 + seed * 0x85ebca6b;
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
};

export function detect(world: World, baseline = 1): { found: DetectedOutage[]; threshold: number } {
  const flights = assembleFlights(probeLog(world), originAt(0));
  const lateness = judgeLateness(flights, baseline);
  return { found: findOutages(flights, lateness), threshold: lateness.threshold };
}

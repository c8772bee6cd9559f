/** A pass as it stands in the result. */
import type { Measurement, Measurements, PassResult } from "../model/result.ts";
import type { Manifest, Status } from "../model/run.ts";
import { categoryOrders, orderWarnings } from "./category-order.ts";
import { dirtyTrackingOf, dirtyTrackingWarnings } from "./dirty-tracking.ts";
import { countFates } from "./fates.ts";
import { runMeasurement } from "./measurements/definition.ts";
import { wantedMeasurements } from "./measurements/wanted.ts";
import { movesDisk, sparseOf } from "./moved-disk.ts";
import { outageResult } from "./outage-results.ts";
import type { Pass } from "./pass.ts";
import { passWarnings } from "./pass-warnings.ts";
import { statisticsRows } from "./statistics.ts";
import { orNull, Unknown } from "./unknown.ts";
import { invalidReasons } from "./validity.ts";
import { workloadResults } from "./workload-results.ts";

/** @param warnings what reading the artifacts has to say; it grows while they are read. */
export function passResult(pass: Pass, state: Manifest["state"], warnings: string[]): PassResult {
  const { kind, record, problem } = pass.onDisk;
  const warn = (message: string): void => void warnings.push(message);
  /** Of a part that cannot be derived the result shows none; a part that crashes is said. */
  const part = <T>(name: string, compute: () => T, fallback: T): T => {
    try {
      return compute();
    } catch (error) {
      if (!(error instanceof Unknown)) warn(`${name} could not be computed: ${(error as Error).message}`);
      return fallback;
    }
  };
  const measurements = measure(pass, warn);
  const ports = part("the bytes of the ports", () => [...pass.ports()], []);
  const derived = {
    outages: part("the outages", () => pass.outages().map((outage) => outageResult(outage, pass.moments())), []),
    announcements: part("the announcements", () => [...pass.announcements()], []),
    rounds: part("the rounds", () => [...pass.rounds()], []),
    parts: part("the parts", () => [...pass.parts()], []),
    recoveries: part("the recoveries", () => [...pass.recoveries()], []),
    workloads: part("the workloads", () => workloadResults(pass), []),
    dirtyTracking: part("the dirty tracking", () => dirtyTrackingOf(pass), []),
    invalid: part("the validity", () => invalidReasons(pass), record?.invalid ?? []),
  };
  const timeline = part("the time axis", () => pass.timeline(), null);
  const statistics = part("the statistics", () => statisticsRows(pass.artifacts.statistics(), timeline), []);
  const categoryOrder = part("the order of the categories", () => categoryOrders(statistics, zeroPages(pass)), []);
  const convergence = part("the convergence", () => pass.convergence(), undefined);
  const threshold = part("the threshold", () => thresholdOf(pass), undefined);
  const fates = part("the fates", () => countFates(pass.fates(), pass.flights().missed), undefined);
  const anatomy = part("the anatomy", () => pass.anatomy(), undefined);
  const late = part("what happened at the deadline", () => pass.late(), null);
  const sparse = movesDisk(pass) ? part("the sparse blocks", () => sparseOf(pass), undefined) : undefined;
  const own = part("the warnings", () => passWarnings(pass), []);
  return {
    kind,
    status: record?.status ?? unendedStatus(state),
    failures: record?.failures ?? [unended(state, problem)],
    warnings: [
      ...(record?.warnings ?? []),
      ...warnings,
      ...own,
      ...orderWarnings(categoryOrder),
      ...dirtyTrackingWarnings(derived.dirtyTracking),
    ],
    phases: (record?.phases ?? []).map(({ name, outcome, note, start, end }) => ({
      name,
      outcome,
      ...(note === undefined ? {} : { note }),
      start: timeline ? timeline.at(start) : (start.mono - record!.phases[0]!.start.mono) / 1e6,
      seconds: (end.mono - start.mono) / 1e6,
    })),
    hosts: record?.hosts ?? [],
    settings: record?.settings ?? [],
    ...derived,
    ...(threshold === undefined ? {} : { outageThreshold: threshold }),
    ...(fates === undefined ? {} : { fates: fates as NonNullable<PassResult["fates"]> }),
    ...(anatomy === undefined ? {} : { anatomy }),
    ...(late === null ? {} : { late }),
    ports,
    ...(record?.diskCheck === undefined ? {} : { diskCheck: record.diskCheck }),
    ...(sparse === undefined ? {} : { sparse }),
    statistics,
    categoryOrder,
    ...(convergence === undefined ? {} : { convergence }),
    measurements,
  };
}

const measure = (pass: Pass, warn: (message: string) => void): Measurements =>
  Object.fromEntries(wantedMeasurements(pass).map((one) => [one.id, runMeasurement(one, pass, warn)]));

/** What may explain that the destination allocates less than the guest uses. */
function zeroPages(pass: Pass) {
  const report = orNull(pass.report);
  const { zeroPages: pages, pageSize } = report ?? {};
  return {
    zeroBytes: pages === undefined ? null : pages * (pageSize ?? 4096),
    migrated: orNull(pass.moments)?.end?.kind === "completed",
  };
}

function thresholdOf(pass: Pass): Measurement {
  const { threshold, probes, p99, beforeOnly } = pass.lateness();
  const when = beforeOnly ? "before the migrate command" : "in the whole pass";
  const trips = `the 99th percentile of ${probes} round trips ${when}`;
  const fromInterval =
    probes === 0
      ? "the probe interval, since nothing was answered"
      : `half the probe interval, which is more than twice ${trips}`;
  const rule = threshold > 2 * p99 ? fromInterval : `twice ${trips}`;
  return { value: threshold, unit: "s", source: `probes.bin: ${rule}` };
}

/** A run that ended with a pass open was interrupted; one that never said that it ended has crashed, or is still running. */
const unendedStatus = (state: Manifest["state"]): Status => (state === "interrupted" ? "cancelled" : "failed");

function unended(state: Manifest["state"], problem: string | null): PassResult["failures"][number] {
  const message = `interrupted: ${problem ?? "the pass did not end"}`;
  return state === "interrupted"
    ? { code: "CANCELLED", message, advice: "What was measured until then is shown." }
    : { code: "RUN_INVALID", message, advice: "What the artifacts hold is shown; run the trial again for the rest." };
}

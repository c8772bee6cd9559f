/** What a reader of a pass's numbers has to know about how they came about. */
import type { PortBytes } from "../model/result.ts";
import { convergenceWarning } from "./convergence.ts";
import type { Flights } from "./flights.ts";
import { allSent, flowDisagreement } from "./flow-bytes.ts";
import type { Pass } from "./pass.ts";
import { wallClockSteps } from "./timeline.ts";
import { orNull } from "./unknown.ts";
import { RECORDED_BY, type Side } from "./workload-records.ts";
import { stalePages } from "./workload-results.ts";

/** Intervals without a probe, and share of ticks missed, from which on a reader must know of it; the count is always shown. */
const LONG_PAUSE = 10;
const MANY_MISSED = 0.01;

/** In a fixed order. */
export function passWarnings(pass: Pass): string[] {
  return [
    ...clockWarnings(pass),
    ...probeWarnings(pass),
    ...byteWarnings(pass),
    ...convergenceWarning(pass.convergence),
    ...workloadWarnings(pass),
  ];
}

function clockWarnings({ onDisk: { record } }: Pass): string[] {
  if (!record) return [];
  const steps = wallClockSteps(record.clocks).map(
    (step) =>
      `the wall clock jumped by ${step.toFixed(3)} s during the pass: times of captures and hypervisors may be off by as much`,
  );
  const unmeasured = (["source", "destination"] as const)
    .filter((host) => !record.clockOffsets.some((entry) => entry.host === host))
    .map((host) => `the clock of the ${host} was not compared with ours: its times are taken as they are`);
  return [...steps, ...(record.hosts.length > 0 ? unmeasured : [])];
}

function probeWarnings(pass: Pass): string[] {
  const flights = orNull(pass.flights);
  const lateness = orNull(pass.lateness);
  if (!flights || !lateness) return [];
  const warnings: string[] = [];
  if (!lateness.beforeOnly)
    warnings.push(
      "too few probes were answered before the migrate command: what counts as late was judged from the whole pass",
    );
  const refused = flights.refused.reduce((sum, one) => sum + one, 0);
  if (refused > 0) warnings.push(`the kernel refused ${refused} probes; nothing is known from them`);
  const pause = longestPause(flights);
  if (flights.missed > 0 && (pause > LONG_PAUSE * flights.interval || flights.missed > MANY_MISSED * flights.length))
    warnings.push(
      `the prober missed ${flights.missed} ticks, and sent nothing for up to ${(pause * 1e3).toFixed(1)} ms: what happened then is not known`,
    );
  if (flights.strangers > 0)
    warnings.push(`${flights.strangers} replies came from another address than the VM's; they count as answers`);
  if (flights.unmatched > 0) warnings.push(`${flights.unmatched} replies belong to probes that the log lacks`);
  if (flights.duplicates > 0) warnings.push(`${flights.duplicates} replies came more than once; the first counts`);
  return warnings;
}

/** Seconds, the longest time between two probes that were handed to the kernel. */
function longestPause({ sent, length }: Flights): number {
  let longest = 0;
  for (let i = 1; i < length; i++) longest = Math.max(longest, sent[i]! - sent[i - 1]!);
  return longest;
}

function byteWarnings(pass: Pass): string[] {
  const ports = orNull(pass.ports) ?? [];
  const unsettled = ports.some(({ bytes }) => bytes.source.endsWith("not settled"));
  return [
    ...(unsettled ? ["the switch's counters had not settled: what they count has no upper bound"] : []),
    ...ports.flatMap(({ disagreement }) => (disagreement === undefined ? [] : [disagreement])),
    ...flowWarnings(pass, ports),
  ];
}

/** Of flows that nobody counted nothing is said here: their bytes are unknown with the reason. Of drops the pass has told. */
function flowWarnings(pass: Pass, ports: readonly PortBytes[]): string[] {
  const counted = orNull(() => allSent(pass.artifacts.flows(), pass.timeline()));
  if (!counted) return [];
  const port = ports.find(({ role, direction }) => role === "migration.source" && direction === "in");
  const finding = port && flowDisagreement(counted, port);
  return [
    ...(counted.whole ? [] : ["the count of the flows broke off: their bytes are at least what is shown"]),
    ...(finding ? [finding] : []),
  ];
}

function workloadWarnings(pass: Pass): string[] {
  const { workloads } = pass;
  if (workloads.planned.length === 0) return [];
  const clock = orNull(workloads.clock);
  const { low = 0, high = 0, value = 0 } = clock?.lost ?? {};
  const stepped =
    clock?.step === null && (low > 0 || high < 0)
      ? [
          `the guest's clock stepped by ${(-value).toFixed(3)} s although the VM was not seen to stop: the guest's times may be off by as much`,
        ]
      : [];
  const dropped = (["guest", "peer"] as const).flatMap((side: Side) => {
    const records = orNull(() => workloads.agent(side))?.dropped ?? 0;
    return records > 0 ? [`${RECORDED_BY[side]} lacks ${records} records that found no room`] : [];
  });
  const stale = workloads.planned.flatMap(({ kind }, number) => {
    const pages = orNull(() => stalePages(pass, number)) ?? 0;
    return pages > 0
      ? [`workload ${number} (${kind}) found ${pages} pages that did not hold what was last written to them`]
      : [];
  });
  return [...stepped, ...dropped, ...stale];
}

/** Who answered each probe, or where it was lost. */
import type { ProbeFate } from "../model/result.ts";
import type { Flights } from "./flights.ts";
import type { TapView } from "./taps.ts";

export interface FateInputs {
  readonly flights: Flights;
  /** Seconds; a reply after more than this is late. */
  readonly threshold: number;
  /** Null: no capture there. */
  readonly source: TapView | null;
  readonly destination: TapView | null;
  /** Seconds on the axis; null when the VM did not resume. */
  readonly resume: number | null;
}

/** One fate per flight. */
export function fatesOf(inputs: FateInputs): ProbeFate[] {
  return Array.from({ length: inputs.flights.length }, (_, i) => fateOf(inputs, i));
}

function fateOf({ flights, threshold, source, destination, resume }: FateInputs, i: number): ProbeFate {
  if (flights.refused[i] === 1) return "not-sent";
  const atSource = seen(source?.request, i);
  const atDestination = seen(destination?.request, i);
  const fromSource = seen(source?.reply, i);
  const fromDestination = seen(destination?.reply, i);
  if (!Number.isNaN(flights.received[i]!)) {
    if (flights.received[i]! - flights.sent[i]! > threshold) return "held";
    // Where the way back is not known either, a reply is sent both ways: it left where it was seen first.
    if (fromSource && !(fromDestination && destination!.reply[i]! < source!.reply[i]!)) return "answered-by-source";
    // It reached the VM on the source and was answered from the destination: it travelled with the VM's memory.
    if (fromDestination) return atSource && !atDestination ? "held" : "answered-by-destination";
    return "answered";
  }
  if (fromSource || fromDestination) return "lost-elsewhere";
  // A switch that does not know where the VM is sends a request both ways: it was meant for where the VM ran.
  if (atSource && atDestination)
    return resume !== null && destination!.request[i]! >= resume ? "lost-at-destination" : "lost-at-source";
  if (atSource) return "lost-at-source";
  if (atDestination) return "lost-at-destination";
  // What a cut capture does not have may have been there.
  return source?.whole && destination?.whole ? "lost-elsewhere" : "lost";
}

const seen = (column: Float64Array | undefined, i: number): boolean =>
  column !== undefined && !Number.isNaN(column[i]!);

/** How many probes met each fate; ticks that the prober missed were not sent. Only fates that occurred. */
export function countFates(fates: readonly ProbeFate[], missed: number): Partial<Record<ProbeFate, number>> {
  const counts: Partial<Record<ProbeFate, number>> = {};
  for (const fate of fates) counts[fate] = (counts[fate] ?? 0) + 1;
  if (missed > 0) counts["not-sent"] = (counts["not-sent"] ?? 0) + missed;
  return counts;
}

/** Scenarios of a run beside each other: of each all repetitions, and the one that stands for them in a drawing. */
import type { Measurement, PassResult, Result, TrialResult } from "../model/result.ts";
import { formatMeasurement, formatValue } from "./format.ts";
import { deadlineInWords, movementInWords } from "./movement.ts";

export interface Compared {
  readonly scenario: string;
  /** What is moved and how. */
  readonly words: string;
  /** All of them, however they ended. */
  readonly trials: readonly TrialResult[];
  /** Those with a total time, from the shortest to the longest. */
  readonly ended: readonly TrialResult[];
  /** The one of median total time, the shorter of two: a real one, whose parts add up. */
  readonly shown: TrialResult | undefined;
}

/** One per scenario, in the order of the run. */
export function compared({ trials }: Pick<Result, "trials">): Compared[] {
  return [...Map.groupBy(trials, ({ scenario }) => scenario)].map(([scenario, own]) => {
    const ended = own.filter((trial) => totalOf(trial) !== null).sort((a, b) => totalOf(a)! - totalOf(b)!);
    return {
      scenario,
      words: wordsOf(own[0]!.definition),
      trials: own,
      ended,
      shown: ended[Math.floor((ended.length - 1) / 2)],
    };
  });
}

const wordsOf = (definition: TrialResult["definition"]): string =>
  definition.atDeadline === "cancel"
    ? movementInWords(definition)
    : `${movementInWords(definition)}; ${deadlineInWords(definition)}`;

export const totalOf = ({ measurements }: TrialResult): number | null => measurements.totalTime?.value ?? null;

/** The pass that a trial's measurements are of. */
export const probedOf = ({ passes }: TrialResult): PassResult | undefined =>
  passes.find(({ kind }) => kind === "probed");

/** A number is not parted from its unit at the end of a line. */
const whole = (value: number, unit: Measurement["unit"]): string => formatValue(value, unit).replaceAll(" ", "\u00a0");

/** Whether clients missed the VM more than once from the migrate command on. */
export const severalOutages = (trial: TrialResult): boolean =>
  (probedOf(trial)?.outages ?? []).filter(({ kind, during }) => kind === "outage" && during !== "before").length > 1;

/** So many values are listed one by one. */
const FEW = 5;

/**
 * All repetitions of a measurement: each value while they are few, else the median and the extremes. The number of values is
 * always there, and how many were not known.
 */
export function allInWords(trials: readonly TrialResult[], id: string): string {
  const all = trials.map(({ measurements }) => measurements[id]);
  const known = all.filter((one): one is Measurement & { value: number } => one !== undefined && one.value !== null);
  if (known.length === 0) return all.length === 0 ? "unknown: no repetition" : formatMeasurement(all[0]);
  if (all.length === 1) return formatMeasurement(known[0]);
  const sorted = known.map(({ value }) => value).sort((a, b) => a - b);
  const { unit } = known[0]!;
  const [least, middle, most] = [0, Math.floor((sorted.length - 1) / 2), sorted.length - 1].map((at) =>
    whole(sorted[at]!, unit),
  );
  const of = known.length === all.length ? `${known.length}` : `${known.length} of ${all.length}`;
  if (known.length <= FEW) return `${of}: ${known.map(({ value }) => whole(value, unit)).join(", ")}`;
  return `${of}: median ${middle}, from ${least} to ${most}`;
}

/** Whether the rounds of a pre-copy migration came closer to an end. */
import type { EffectiveSetting, MigrationRecord } from "../model/migration.ts";
import type { Convergence, Measurement, Round } from "../model/result.ts";
import { type Finding, measured } from "./finding.ts";
import { median } from "./median.ts";
import type { Moments } from "./moments.ts";
import { orNull, Unknown } from "./unknown.ts";
import { binary, decimal, megabytes } from "./words.ts";

/** So many rounds at least show a course. */
export const FEWEST_ROUNDS = 4;
/** What is left falls when it comes below this share of what was left before. */
export const FALLING = 0.9;

const SOURCE = "migration.jsonl";
const BOUNDS_OF = (values: readonly number[]): Finding => ({
  value: median(values),
  low: Math.min(...values),
  high: Math.max(...values),
});

/**
 * A migration that did not complete was not converging when what was left at the beginnings of the later half of its
 * rounds never came below 90 % of the median of the half before, and was always more than the hypervisor may leave for the
 * blackout. The first round is not counted: it begins with all of the memory, not with what was dirtied.
 * @throws Unknown when there are no rounds, or the end is not recorded.
 */
export function convergenceOf(
  rounds: readonly Round[],
  moments: Moments,
  settings: readonly EffectiveSetting[],
  records: readonly MigrationRecord[],
): Convergence {
  const last = rounds.at(-1);
  if (!last) throw new Unknown("the hypervisor told of no rounds");
  if (!moments.end) throw new Unknown("the migration's end is not recorded");
  const later = rounds.slice(Math.ceil(rounds.length / 2));
  const half = later.length > 0 ? later : rounds;
  const rates = half.flatMap(({ dirtyRate }) => dirtyRate ?? []);
  const speeds = half.flatMap(({ throughput }) => throughput ?? []);
  const left = rounds.filter(({ round }) => round > 1).flatMap(({ remainingAtStart }) => remainingAtStart ?? []);
  const lefts = left.slice(Math.floor(left.length / 2));
  const ofHalf = (values: readonly number[], what: string) => (): Finding => {
    if (values.length === 0) throw new Unknown(`${what} of no later round is known`);
    return BOUNDS_OF(values);
  };
  const throughput = measured("bits/s", SOURCE, ofHalf(speeds, "the throughput"));
  const figures = {
    rounds: last.round,
    dirtyRate: measured("bytes/s", SOURCE, ofHalf(rates, "the dirty rate")),
    throughput,
    remaining: measured("bytes", SOURCE, ofHalf(lefts, "what was left at the start")),
    needed: neededOf(throughput, settings),
  };
  return { ...judge(figures, left, lefts, moments, records), ...figures };
}

type Figures = Pick<Convergence, "rounds" | "dirtyRate" | "throughput" | "remaining" | "needed">;

function judge(
  figures: Figures,
  left: readonly number[],
  lefts: readonly number[],
  moments: Moments,
  records: readonly MigrationRecord[],
): Pick<Convergence, "verdict" | "evidence"> {
  const { rounds, needed } = figures;
  const postCopy = records.some((line) => line.record === "event" && line.kind === "switch-to-post-copy");
  const after = `after ${rounds} ${rounds === 1 ? "round" : "rounds"}`;
  if (postCopy) return { verdict: "not-shown", evidence: `${after} the rest was left to post-copy` };
  if (moments.paused) return { verdict: "not-shown", evidence: `${after} the VM was paused on purpose` };
  if (moments.end?.kind === "completed")
    return {
      verdict: "converged",
      evidence: `it completed in ${rounds} ${rounds === 1 ? "round" : "rounds"}${throttled(records)}`,
    };
  const not = (why: string) => ({ verdict: "not-shown" as const, evidence: `it did not complete, and ${why}` });
  if (rounds < FEWEST_ROUNDS || left.length < FEWEST_ROUNDS - 1)
    return not(
      `what was left is known of only ${left.length} of ${rounds} rounds, the first not counted: too few to tell`,
    );
  if (needed.value === null) return not(`how much may be left is not known: ${needed.unknown}`);
  const earlier = median(left.slice(0, left.length - lefts.length));
  const least = Math.min(...lefts);
  if (least < FALLING * earlier)
    return not(`what was left fell, from ${binary(earlier)} at the start of a round to ${binary(least)}`);
  if (least <= (needed.high ?? needed.value))
    return not(`no more was left (${binary(least)}) than the ${binary(needed.value)} that the blackout allows`);
  return {
    verdict: "not-converging",
    evidence: `in ${rounds} rounds it came no closer to an end: ${rateAgainst(figures)}at the start of the later rounds at least ${binary(least)} were left, where ${binary(needed.value)} fit the blackout${throttled(records)}`,
  };
}

function rateAgainst({ dirtyRate, throughput }: Figures): string {
  if (dirtyRate.value === null || throughput.value === null) return "";
  return `the guest dirtied ${megabytes(dirtyRate.value)} and ${megabytes(throughput.value / 8)} were sent; `;
}

function throttled(records: readonly MigrationRecord[]): string {
  const most = Math.max(0, ...records.map((line) => (line.record === "progress" ? (line.throttle ?? 0) : 0)));
  return most > 0 ? `, with up to ${decimal(most * 100)} % of the vCPUs' time taken away` : "";
}

/** What QEMU lets remain for the blackout: bandwidth × downtime limit. */
function neededOf(throughput: Measurement, settings: readonly EffectiveSetting[]): Measurement {
  const setting = (name: string): number | null => {
    const found = settings.find((one) => one.name === name && one.host === "source")?.effective;
    return typeof found === "number" ? found : null;
  };
  return measured("bytes", `${SOURCE} and the effective settings`, () => {
    const limit = setting("downtimeLimit");
    if (limit === null) throw new Unknown("the downtime limit was not read back");
    const bits = (value: number): number => (value * limit) / 8;
    if (throughput.value !== null)
      return {
        value: bits(throughput.value),
        low: bits(throughput.low ?? throughput.value),
        high: bits(throughput.high ?? throughput.value),
      };
    const bandwidth = setting("bandwidth");
    if (bandwidth === null || bandwidth === 0) throw new Unknown(`${throughput.unknown}, and no bandwidth is set`);
    return {
      value: bits(bandwidth),
      high: bits(bandwidth),
      source: "the effective settings: bandwidth × downtime limit",
    };
  });
}

/** For the warnings. */
export const convergenceWarning = (find: () => Convergence): string[] => {
  const found = orNull(find);
  return found?.verdict === "not-converging" ? [`the migration was not converging: ${found.evidence}`] : [];
};

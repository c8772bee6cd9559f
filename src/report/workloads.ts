/** What became of a trial's workloads, in words. */
import type { PassResult, TrialResult } from "../model/result.ts";
import { inWords } from "../model/workload-words.ts";

/** What a trial's guest did, in the words of its results; where no workload has one, in those of its scenario. */
export function workloadInWords({ definition, passes }: Pick<TrialResult, "definition" | "passes">): string {
  const titles = passes.map(({ workloads }) => workloads.map(({ title }) => title));
  return titles.find((some) => some.length > 0)?.join(" + ") ?? inWords(definition.workload);
}

/** Why passes do not count although they ran, each reason once with the kinds of pass that it concerns. */
export function invalidities({ passes }: Pick<TrialResult, "passes">): Map<string, PassResult["kind"][]> {
  const found = new Map<string, PassResult["kind"][]>();
  for (const { kind, invalid } of passes)
    for (const reason of invalid) found.set(reason, [...(found.get(reason) ?? []), kind]);
  return found;
}

/** The main evidence that a migration that did not complete never could have; undefined where nothing says so. */
export const notConverging = ({ passes }: Pick<TrialResult, "passes">): string | undefined =>
  passes.map(({ convergence }) => convergence).find((one) => one?.verdict === "not-converging")?.evidence;

/** A sentence that is to stand inside of another: without its full stop. */
export const unstopped = (sentence: string): string => sentence.replace(/\.\s*$/u, "");

/** What a terminal shows of the workloads: the few numbers that say what the migration did to them. */
import type { PassResult } from "../../model/result.ts";
import { endInWords, formatFact, WORKLOAD_FACTS } from "../workload-facts.ts";
import type { Row } from "./rows.ts";
import { clean, type Painter } from "./text.ts";

/** Per workload its title and its main numbers; those that are only of interest when something went wrong, then. */
export function workloadRows(passes: readonly PassResult[], paint: Painter): Row[] {
  const lanes = [...new Set(passes.flatMap(({ workloads }) => workloads.map(({ lane }) => lane)))].sort(
    (a, b) => a - b,
  );
  return lanes.flatMap((lane): Row[] => {
    const of = passes.map(({ workloads }) => workloads.find((one) => one.lane === lane));
    const facts = WORKLOAD_FACTS.filter(
      (fact) =>
        fact.main === "always" ||
        (fact.main === "not-zero" && of.some((one) => ((one && fact.of(one)?.value) ?? 0) > 0)),
    );
    const rows = facts.map(
      (fact): Row => ({
        label: fact.label,
        values: of.map((one) => {
          const measurement = one && fact.of(one);
          const text = clean(one ? formatFact(fact, measurement) : "unknown: not recorded");
          return (measurement?.value ?? null) === null ? paint("dim", text) : text;
        }),
      }),
    );
    const ended: Row[] = of.some((one) => one && one.end.how !== "stopped")
      ? [{ label: "How it ended", values: of.map((one) => clean(one ? endInWords(one) : "unknown: not recorded")) }]
      : [];
    return [{ label: clean(of.find((one) => one !== undefined)!.title), values: [] }, ...rows, ...ended];
  });
}

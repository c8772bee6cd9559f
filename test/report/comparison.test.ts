import { describe, expect, test } from "vitest";
import { allInWords, compared, totalOf } from "../../src/report/comparison.ts";
import { comparisonFigure } from "../../src/report/figures/comparison.ts";
import { downtimesFigure } from "../../src/report/figures/downtimes.ts";
import { segmentsOf } from "../../src/report/figures/part-looks.ts";
import { severalKinds } from "../../src/report/movement.ts";
import { fixture } from "./fixture.ts";
import { kinds } from "./fixture-kinds.ts";

const { result } = kinds(3);
const scenarios = compared(result);
const of = (name: string) => scenarios.find(({ scenario }) => scenario === name)!;
const values = (text: string): string => text.replaceAll("\u00a0", " ");

describe("scenarios beside each other", () => {
  test("are only compared where there is more than one kind of migration", () => {
    expect(severalKinds(result.trials)).toBe(true);
    expect(severalKinds(fixture({ trials: 3 }).result.trials)).toBe(false);
  });

  test("have all their repetitions, and the one of median total time stands for them", () => {
    const { trials, ended, shown } = of("cold-gzip");
    expect([trials.length, ended.length]).toEqual([3, 3]);
    expect(ended.map(totalOf)).toEqual(ended.map(totalOf).sort((a, b) => a! - b!));
    expect(shown).toBe(ended[1]);
  });

  test("say how many of them did not complete", () => {
    expect(values(allInWords(of("late-paused").trials, "totalTime"))).toBe("2 of 3: 9.90 s, 10.5 s");
    expect(comparisonFigure(scenarios)!.summary).toContain(
      "late-paused: 9.90 s, the middle one of 2; 1 did not complete",
    );
  });

  test("list few values and summarise many, never without their number", () => {
    expect(values(allInWords(of("live-memory").trials, "downtime"))).toBe("3: 168 ms, 178 ms, 188 ms");
    const many = [...of("live-memory").trials, ...of("live-memory").trials];
    expect(values(allInWords(many, "downtime"))).toBe("6: median 178 ms, from 168 ms to 188 ms");
    expect(allInWords(of("cold-raw").trials, "blackout")).toContain("the VM was shut down");
    expect(allInWords(of("live-memory").trials.slice(0, 1), "downtime")).toContain("[");
  });

  test("tell the deadline's action apart", () => {
    expect(of("late-paused").words).toBe(
      "memory migration; after 8 s the VM is paused, and 60 s later it is cancelled",
    );
    expect(of("live-memory").words).toBe("memory migration");
  });
});

describe("the figure of total times", () => {
  interface Series {
    readonly type: string;
    readonly data: readonly (readonly [number, number])[];
  }
  const series = comparisonFigure(scenarios)!.option.series as unknown as Series[];

  test("stacks the parts from the command to the first reply without overlap", () => {
    const row = series.filter(({ type, data }) => type === "line" && data[0]?.[1] === 6).map(({ data }) => data);
    expect(row).toHaveLength(7);
    // But for a hair: what is too short to be seen is drawn longer.
    for (const [nth, bar] of row.slice(1).entries()) expect(bar[0]![0]).toBeGreaterThan(row[nth]![1]![0] - 0.01);
  });

  test("has a point for the total time of each repetition", () => {
    const points = series.find(({ type }) => type === "scatter")!.data;
    expect(points.filter(([, row]) => row === 6)).toHaveLength(3);
    expect(points).toHaveLength(14);
  });

  test("tells of all outages where the downtime was not the only one", () => {
    const [trial] = structuredClone(result.trials.slice(0, 1));
    trial!.measurements.downtimeTotal = { value: 4.2, unit: "s", source: "probes.bin" };
    expect(trial!.passes[1]!.outages).toHaveLength(2);
    expect(comparisonFigure(compared({ trials: [trial!] }))!.summary).toContain("; all outages: 4.20 s");
    trial!.passes[1]!.outages.pop();
    expect(comparisonFigure(compared({ trials: [trial!] }))!.summary).not.toContain("all outages");
  });

  test("says of a scenario that never completed that it did not", () => {
    const trials = result.trials.slice(-1);
    expect(comparisonFigure(compared({ trials: [...result.trials.slice(0, 1), ...trials] }))!.summary).toContain(
      "late-paused: none of 1 completed (timeout)",
    );
  });
});

test("the figure of downtimes has a point per known downtime", () => {
  const { option } = downtimesFigure(scenarios)!;
  const points = (option.series as { type: string; data: [number, number][] }[]).find(
    ({ type }) => type === "scatter",
  )!;
  expect(points.data).toHaveLength(14);
  expect(points.data[0]).toEqual([168, 0]);
  expect(downtimesFigure([])).toBeUndefined();
});

describe("the stretches of a migration", () => {
  test("fill it without a gap, whatever its parts leave out", () => {
    expect(
      segmentsOf(
        [
          { part: "disk-copy", start: 1, end: 5 },
          { part: "memory", start: 4, end: 6 },
        ],
        7,
        "storage",
      ),
    ).toEqual([
      { stretch: "between", from: 0, to: 1 },
      { stretch: "disk-copy", from: 1, to: 5 },
      { stretch: "memory", from: 5, to: 6 },
      { stretch: "between", from: 6, to: 7 },
    ]);
  });
  test("are one where there are no parts", () => {
    expect(segmentsOf([], 2, "memory")).toEqual([{ stretch: "memory", from: 0, to: 2 }]);
    expect(segmentsOf([], 2, "storage")).toEqual([{ stretch: "whole", from: 0, to: 2 }]);
    expect(segmentsOf([], null, "memory")).toEqual([]);
  });
});

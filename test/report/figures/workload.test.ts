import { describe, expect, test } from "vitest";
import type { PassSeries } from "../../../src/model/result.ts";
import { courseSpan } from "../../../src/report/figures/course.ts";
import { LIGHT } from "../../../src/report/figures/palette.ts";
import { progressFigure } from "../../../src/report/figures/progress.ts";
import { workloadFigure } from "../../../src/report/figures/workload.ts";
import { fixture } from "../fixture.ts";

const { result, series: all } = fixture();
const pass = result.trials[0]!.passes[1]!;
const series = all[1]!;
const [memory, udp] = pass.workloads;
const figure = (workload = memory!, given: Partial<PassSeries> = {}) =>
  workloadFigure({ pass, workload, series: { ...series, ...given } })!;

interface Drawn {
  readonly name?: string;
  readonly type: string;
  readonly data: readonly (readonly (number | null)[])[];
  readonly markLine?: { readonly data: readonly { readonly yAxis: number; readonly name: string }[] };
}
const drawn = (of = figure()): Drawn[] => of.option.series as unknown as Drawn[];
const named = (name: string, of = figure()): Drawn | undefined => drawn(of).find((one) => one.name === name);
const axesOf = (option: object): { min: number; max: number; type?: string; name?: string }[] =>
  (option as { xAxis: { min: number; max: number }[] }).xAxis;

/** One workload of four windows, changed as a test needs it. */
function windows(given: Partial<PassSeries["workloads"][number]> = {}): PassSeries["workloads"] {
  const column = (...values: number[]): Float64Array => Float64Array.from(values);
  return [
    {
      lane: 0,
      kind: "memory-write",
      side: "guest",
      unit: "bytes",
      start: column(0, 0.1, 0.2, 0.3),
      end: column(0.1, 0.2, 0.3, 0.4),
      rate: column(1e6, 2e6, 2e6, 1e6),
      asked: column(Number.NaN, Number.NaN, Number.NaN, Number.NaN),
      p50: column(0.001, 0.001, 0.001, 0.001),
      p99: column(0.001, Number.NaN, 0.002, 0.003),
      max: column(0.01, 0.01, 0.01, 0.5),
      pause: column(0, 0, 0, 0),
      ...given,
    },
  ];
}

describe("the time axis", () => {
  test("is exactly that of the migration's rounds", () => {
    const [rounds] = axesOf(progressFigure(pass, series)!.option);
    for (const axis of [...axesOf(figure().option), ...axesOf(figure(udp).option)])
      expect([axis.min, axis.max]).toEqual([rounds!.min, rounds!.max]);
    expect(rounds!.min).toBeLessThan(0);
  });

  test("has room on both sides only where a workload was recorded", () => {
    expect(courseSpan({ ...series, workloads: [] })).toEqual({ from: 0, to: series.progress.at(-1)!.t });
    expect(courseSpan({ ...series, workloads: windows() }).from).toBe(0);
  });
});

describe("the figure of a workload", () => {
  test("is plain data", () => {
    const { option } = figure(udp);
    expect(JSON.parse(JSON.stringify(option))).toEqual(option);
  });

  test("draws the rate of each window as a step, and equal ones once", () => {
    expect(named("guest's side, MB/s", figure(memory, { workloads: windows() }))!.data).toEqual([
      [0, 1],
      [0.1, 2],
      [0.2, 2],
      [0.3, 1],
      [0.4, 1],
    ]);
  });

  test("draws no line where nobody recorded", () => {
    const workloads = windows({ start: Float64Array.of(0, 0.1, 0.25, 0.3), end: Float64Array.of(0.1, 0.2, 0.3, 0.4) });
    expect(named("guest's side, MB/s", figure(memory, { workloads }))!.data).toContainEqual([0.2, null]);
  });

  test("draws neither what was not asked, nor pauses that were none, nor latencies that are unknown", () => {
    const of = figure(memory, { workloads: windows() });
    expect(of.lines).toEqual(["guest", "p99", "max"]);
    expect(named("latency, 99th percentile, ms", of)!.data).toContainEqual([0.1, null]);
  });

  test("has the median before and its shares as lines", () => {
    const lines = drawn().flatMap(({ markLine }) => markLine?.data.filter(({ yAxis }) => yAxis !== undefined) ?? []);
    expect(lines.map(({ name }) => name)).toEqual(["median before", "90 %", "50 %", "10 %"]);
    const before = memory!.before.value! / 1e6;
    expect(lines.map(({ yAxis }) => yAxis / before)).toEqual(
      [1, 0.9, 0.5, 0.1].map((share) => expect.closeTo(share, 4)),
    );
    const unknown = { ...memory!, before: { ...memory!.before, value: null, unknown: "not recorded" } };
    expect(drawn(figure(unknown)).flatMap(({ markLine }) => markLine?.data ?? [])).not.toContainEqual(
      expect.objectContaining({ name: "50 %" }),
    );
  });

  test("has the unit of a rate that was asked for in binary units", () => {
    const [axis] = (
      figure({ ...memory!, title: "memory-write, 64 MiB, 8 MiB/s" }).option as { yAxis: { name: string }[] }
    ).yAxis;
    expect(axis!.name).toBe("rate, MiB/s");
  });

  test("names units on its axes and holds all latencies between two decades", () => {
    const axes = (figure().option as { yAxis: unknown }).yAxis as {
      name: string;
      type: string;
      min: number;
      max: number;
    }[];
    expect(axes.map(({ name }) => name)).toEqual(["rate, MB/s", "latency and pause, ms (log scale)"]);
    const values = drawn()
      .filter(({ name }) => name?.endsWith(", ms"))
      .flatMap(({ data }) => data.flatMap(([, y]) => y ?? []));
    expect(axes[1]).toMatchObject({ type: "log" });
    expect(axes[1]!.min).toBeLessThanOrEqual(Math.min(...values));
    expect(axes[1]!.max).toBeGreaterThanOrEqual(Math.max(...values));
  });

  test("counts operations per second", () => {
    const of = figure(memory, { workloads: windows({ unit: "count", rate: Float64Array.of(5, 6, 7, 8) }) });
    expect(named("guest's side, /s", of)!.data[0]).toEqual([0, 5]);
  });

  test("has the peer's side of a network workload, and its losses from when to when", () => {
    const of = figure(udp);
    expect(of.lines).toContain("peer");
    const [bars, marks] = drawn(of).filter(({ name }) => name === "lost");
    const losses = udp!.network!.events.filter(({ kind }) => kind === "lost");
    expect(marks!.data.map(([x]) => x)).toEqual(losses.map(({ t }) => expect.closeTo(t, 5)));
    expect(bars!.data[3]).toEqual([expect.closeTo(losses[1]!.since!, 5), 0]);
    expect(drawn().filter(({ type }) => type === "scatter")).toEqual([]);
  });

  test("shows the blackout in every plot", () => {
    const bands = (JSON.stringify(figure(udp).option).match(/"markArea"/gu) ?? []).length;
    expect(bands).toBe(3);
    expect(JSON.stringify(figure(memory, { marks: { stop: null, resume: null, end: null } }).option)).not.toContain(
      LIGHT.band,
    );
  });

  test("is not drawn without a window near the migration", () => {
    expect(workloadFigure({ pass, workload: memory!, series: { ...series, workloads: [] } })).toBeUndefined();
  });
});

import { describe, expect, test } from "vitest";
import type { Anatomy } from "../../../src/model/result.ts";
import { anatomyFigure } from "../../../src/report/figures/anatomy.ts";
import type { Figure } from "../../../src/report/figures/figure.ts";
import { DARK, INKS, LIGHT } from "../../../src/report/figures/palette.ts";
import { phasesFigure } from "../../../src/report/figures/phases.ts";
import { pingPattern, windowAround } from "../../../src/report/figures/ping-pattern.ts";
import { progressFigure } from "../../../src/report/figures/progress.ts";
import { fixture } from "../fixture.ts";

const { result, series: all } = fixture();
const pass = result.trials[0]!.passes[1]!;
const series = all[1]!;
const window = windowAround(pass, series.marks)!;
const figures: Record<string, Figure> = {
  ping: pingPattern({ pass, series, window, budget: 1000 })!,
  anatomy: anatomyFigure(pass.anatomy!)!,
  progress: progressFigure(pass, series)!,
  phases: phasesFigure(pass.phases)!,
};
interface Drawn {
  readonly name: string;
  readonly type: string;
  readonly data: readonly unknown[];
}
const drawn = (figure: Figure): Drawn[] => figure.option.series as unknown as Drawn[];

test.each(Object.entries(figures))("the %s figure is plain data, so that page and drawing share it", (_, figure) => {
  expect(JSON.parse(JSON.stringify(figure.option))).toEqual(figure.option);
  expect(figure.summary.length).toBeGreaterThan(20);
});

describe("the ping pattern", () => {
  const points = drawn(figures.ping!).filter(({ type }) => type === "scatter");
  const count = (name: string): number => points.find((one) => one.name === name)?.data.length ?? 0;

  test("draws every lost and every held probe", () => {
    expect(count("lost at the source")).toBe(pass.fates!["lost-at-source"]);
    expect(count("lost elsewhere")).toBe(pass.fates!["lost-elsewhere"]);
    expect(count("held or answered late")).toBe(pass.fates!.held);
  });

  test("draws no delay as an outage, and does not open on one", () => {
    const delay = { ...pass.outages[0]!, firstSequence: 1, lastSequence: 2, kind: "delay" as const };
    const delayed = { ...pass, outages: [delay] };
    const names = drawn(pingPattern({ pass: delayed, series, budget: 1000 })!).map(({ name }) => name);
    expect(names.filter((name) => name?.startsWith("outage"))).toEqual([]);
    expect(windowAround(delayed, { stop: null, resume: null, end: null })).toBeUndefined();
  });

  test("opens on the outage, with room on both sides", () => {
    const outage = pass.outages[0]!;
    expect(window.from).toBeLessThan(outage.begin.low);
    expect(window.to).toBeGreaterThan(outage.end.high);
    expect(window.to - window.from).toBeLessThan(3 * (outage.end.high - outage.begin.low));
    expect(figures.ping!.option.dataZoom).toMatchObject([
      { startValue: expect.closeTo(window.from, 5) },
      { endValue: expect.closeTo(window.to, 5) },
    ]);
  });

  test("is not drawn for a pass without probes", () => {
    expect(pingPattern({ pass, series: all[0]!, budget: 10 })).toBeUndefined();
  });

  test("is drawn when nothing was lost and STOP is unknown", () => {
    const probes = {
      sequence: new Float64Array([0]),
      sent: new Float64Array([0]),
      rtt: new Float64Array([0.001]),
      fate: ["answered" as const],
    };
    const quiet = { ...pass, outages: [] };
    const marks = { stop: null, resume: null, end: null };
    expect(windowAround(quiet, marks)).toBeUndefined();
    expect(pingPattern({ pass: quiet, series: { ...series, marks, probes }, budget: 10 })?.height).toBeGreaterThan(0);
  });
});

test("phases of a pass that never came to its migration count from the first", () => {
  const axis = (phases: typeof pass.phases) => (phasesFigure(phases)!.option.xAxis as { name: string }).name;
  expect(axis(pass.phases)).toBe("seconds since the migrate command");
  expect(axis(pass.phases.slice(0, 2))).toBe("seconds since the first phase began");
});

describe("the anatomy", () => {
  test("draws nothing as unexplained where that is not known", () => {
    const figure = anatomyFigure({ ...pass.anatomy!, unexplained: null })!;
    expect(figure.summary).not.toContain("unexplained");
  });

  test("runs a negative segment backwards in an ink of its own", () => {
    const anatomy: Anatomy = {
      marks: [],
      segments: [
        { from: "a", to: "b", seconds: 0.1 },
        { from: "b", to: "c", seconds: -0.03 },
      ],
      total: 0.07,
      unexplained: 0.02,
    };
    const [, backwards, unexplained, sum] = drawn(anatomyFigure(anatomy)!);
    expect(backwards).toMatchObject({
      data: [
        [100, 1],
        [70, 1],
      ],
      lineStyle: { color: LIGHT.negative },
    });
    expect(backwards!.name).toContain("−30.0 ms");
    expect(unexplained).toMatchObject({
      data: [
        [50, 2],
        [70, 2],
      ],
    });
    expect(sum!.name).toBe("70.0 ms is the sum of the segments");
  });

  test("is not drawn without segments", () => {
    expect(anatomyFigure({ marks: [], segments: [], total: 0, unexplained: 0 })).toBeUndefined();
  });
});

describe("the course of the migration", () => {
  test("leaves out what the hypervisor does not tell, and gaps stay gaps", () => {
    const curves = drawn(figures.progress!);
    expect(curves.map(({ name }) => name)).toEqual(["memory remaining, MiB", "throughput, Mb/s", "dirty rate, MB/s"]);
    expect(curves[1]!.data[0]).toEqual([0, null]);
  });

  test("is not drawn when nothing was told", () => {
    expect(progressFigure(pass, { ...series, progress: [] })).toBeUndefined();
  });
});

test("no two inks share a colour, or one could not be exchanged without the other", () => {
  expect(new Set(Object.values(LIGHT)).size).toBe(INKS.length);
});

test("inks of marks have a contrast of at least 3 to 1 to their ground, text of 4.5", () => {
  const luminance = (colour: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  for (const palette of [LIGHT, DARK])
    for (const ink of INKS.filter((name) => !["ground", "grid", "band"].includes(name))) {
      const [dark, bright] = [luminance(palette[ink]), luminance(palette.ground)].sort((a, b) => a - b);
      const contrast = (bright! + 0.05) / (dark! + 0.05);
      expect(contrast, `${ink} ${palette[ink]}`).toBeGreaterThan(ink === "text" || ink === "muted" ? 4.5 : 3);
    }
});

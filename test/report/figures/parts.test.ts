import { describe, expect, test } from "vitest";
import { partsFigure } from "../../../src/report/figures/parts.ts";
import { progressFigure } from "../../../src/report/figures/progress.ts";
import { kinds } from "../fixture-kinds.ts";

const { result, series } = kinds(1);
const [, storage, , gzip] = result.trials;
const marks = { stop: null, resume: null, end: 20 };
interface Drawn {
  readonly name: string;
  readonly data: readonly (readonly [number, number | null])[];
}

describe("the figure of the parts", () => {
  test("has a row per part, each where it lies in time", () => {
    const { option, summary } = partsFigure(gzip!.passes[1]!, marks)!;
    const rows = option.series as unknown as Drawn[];
    expect(rows.map(({ name }) => name)).toEqual([
      "shut down: 3.20 s",
      "compress: 14.6 s",
      "transfer: 1.10 s",
      "decompress: 4.20 s",
      "start: 900 ms",
      "boot to the first reply: 6.20 s",
    ]);
    expect(rows[1]!.data.map(([t]) => t)).toEqual([3.3, 17.9]);
    expect(summary).toContain("in order: shut down: 3.20 s; compress");
  });

  test("reaches to the end with a part that did not end, and says that it is no length", () => {
    const parts = [{ part: "transfer" as const, start: 2, end: null }];
    const [row] = partsFigure({ parts }, marks)!.option.series as unknown as Drawn[];
    expect(row).toMatchObject({
      name: "transfer: at least 18.0 s",
      data: [
        [2, 0],
        [20, 0],
      ],
    });
  });

  test("is not drawn without parts, or of parts that nobody saw begin", () => {
    expect(partsFigure({ parts: [] }, marks)).toBeUndefined();
    expect(partsFigure({ parts: [{ part: "start", start: null, end: 3 }] }, marks)).toBeUndefined();
  });
});

describe("the course of a storage migration", () => {
  const of = series.find(({ trial, pass }) => trial === storage!.id && pass === "probed")!;
  test("has what remains and what was transferred of the disk beside the memory", () => {
    const { option, summary } = progressFigure(storage!.passes[1]!, of)!;
    const curves = option.series as unknown as Drawn[];
    expect(curves.map(({ name }) => name).slice(0, 3)).toEqual([
      "memory remaining, MiB",
      "disk remaining, MiB",
      "disk transferred, MiB",
    ]);
    expect(curves[1]!.data[0]).toEqual([0, 1024]);
    expect(curves[2]!.data.at(-1)![1]).toBe(1024);
    expect(summary).toContain("with 1.00 GiB of disk");
  });

  test("has no disk where that is told to be nothing", () => {
    const progress = of.progress.map((sample) => ({ ...sample, diskTotal: 0, diskRemaining: 0, diskTransferred: 0 }));
    const { option } = progressFigure(storage!.passes[1]!, { ...of, progress })!;
    expect((option.series as unknown as Drawn[]).some(({ name }) => name.startsWith("disk"))).toBe(false);
  });
});

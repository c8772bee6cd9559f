import { describe, expect, test } from "vitest";
import { CATEGORIES, categoriesIn, momentsOf, readingsAt } from "../../../src/report/categories.ts";
import { categoriesFigure } from "../../../src/report/figures/categories.ts";
import { statisticsOf } from "../fixture-workloads.ts";

const statistics = statisticsOf();
const category = (id: string) => CATEGORIES.find((one) => one.id === id)!;

describe("readings of a category", () => {
  test("begin with the VM's own host: the source until it has moved, then the destination", () => {
    const earlier = statistics.map((one) => (one.host === "destination" ? { ...one, t: -100 } : one));
    const during = readingsAt(earlier, category("memory.allocated"), "during");
    expect(during.map(({ host }) => host)).toEqual(["source", "destination"]);
  });

  test("begin with whom to believe", () => {
    const [reading] = statistics.filter((one) => one.category === "memory.used" && one.moment === "before");
    const claimed = { ...reading!, source: "hypervisor", bytes: 1 };
    const found = readingsAt([claimed, ...statistics], category("memory.used"), "before");
    expect(found.map(({ source }) => source)).toEqual(["guest", "hypervisor"]);
  });

  test("are of the three moments always, and categories of a later version are shown", () => {
    expect(momentsOf([])).toEqual(["before", "during", "after"]);
    const later = { ...statistics[0]!, category: "memory.compressed" };
    expect(categoriesIn([later], "memory").map(({ label }) => label)).toEqual(["compressed"]);
  });
});

describe("the figure of the categories", () => {
  const { option, summary } = categoriesFigure(statistics, "memory")!;
  const series = option.series as unknown as { name: string; data: (number | null)[] }[];
  const rows = (option.yAxis as unknown as { data: string[] }).data;

  test("is plain data, from the largest category to the smallest, a bar per moment", () => {
    expect(JSON.parse(JSON.stringify(option))).toEqual(option);
    expect(rows.slice(0, 5).map((row) => row.split(":")[0])).toEqual([
      "configured",
      "allocated",
      "used",
      "requested",
      "dirtied",
    ]);
    expect(series.map(({ name, data }) => [name, data[0]])).toEqual([
      ["before", 256],
      ["during", 256],
      ["after", 256],
    ]);
  });

  test("has no bar where nothing is known, and says so", () => {
    expect(series[1]!.data[2]).toBeNull();
    expect(rows[2]).toBe("used: 103 MiB → unknown → 103 MiB");
    expect(summary).toContain("unknown");
  });

  test("is not drawn when nobody told anything", () => {
    expect(categoriesFigure([], "disk")).toBeUndefined();
  });
});

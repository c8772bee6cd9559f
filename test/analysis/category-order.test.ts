import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { categoryOrders, orderWarnings } from "../../src/analysis/category-order.ts";
import type { StatisticsRow } from "../../src/analysis/statistics.ts";

const MIB = 2 ** 20;
const NOTHING = { zeroBytes: null, migrated: true };
type Sizes = Partial<Record<"configured" | "allocated" | "used" | "requested" | "dirtied" | "swapUsed", number>>;
const rows = (memory: Sizes, moment = "before", t = -3): StatisticsRow[] =>
  Object.entries(memory).map(([category, size]) => ({
    moment,
    host: "source",
    source: category === "used" ? "guest" : "hypervisor",
    category: `memory.${category}`,
    bytes: size * MIB,
    t,
  }));

const disk = (host: string, source: string, category: string, size: number, moment = "after"): StatisticsRow => ({
  moment,
  host,
  source,
  category: `disk.${category}`,
  bytes: size * MIB,
  t: 3,
});

describe("the order of the categories", () => {
  test("of a disk is that of the image on the host where the VM runs then", () => {
    const some = [
      disk("source", "host", "allocatedBlocks", 0),
      disk("destination", "host", "virtualSize", 1024),
      disk("destination", "host", "allocatedBlocks", 96),
      disk("destination", "guest", "usedBlocks", 90),
    ];
    expect(categoryOrders(some, NOTHING)[0]).toMatchObject({ holds: true });
    expect(categoryOrders(some, { ...NOTHING, migrated: false })[0]).toMatchObject({ holds: false });
  });

  test.each([
    [1025, true],
    [1040, false],
  ])("of a full image of 1024 MiB is explained when it takes %d MiB: %s", (allocated, explained) => {
    const some = [
      disk("source", "host", "virtualSize", 1024, "before"),
      disk("source", "host", "allocatedBlocks", allocated, "before"),
    ];
    expect(categoryOrders(some, NOTHING)[0]).toMatchObject({ holds: false, explained });
  });

  test.each([
    ["hypervisor", true],
    ["host", false],
  ])("is explained when the %s tells of more than the VM was given: %s", (source, explained) => {
    const some = rows({ configured: 256, allocated: 262 }).map((row) => ({ ...row, source }));
    expect(categoryOrders(some, NOTHING)[0]).toMatchObject({ holds: false, explained });
  });

  test("holds, and says what it is", () => {
    const some = rows({ configured: 256, allocated: 200, used: 120, requested: 64, dirtied: 32 });
    expect(categoryOrders(some, NOTHING)).toEqual([
      {
        of: "memory",
        moment: "before",
        holds: true,
        text: "configured 256 MiB ≥ allocated 200 MiB ≥ used 120 MiB ≥ requested 64 MiB ≥ dirtied 32 MiB",
        explained: false,
      },
    ]);
  });

  test("holds exactly where the numbers fall, whichever are known", () => {
    const names = ["configured", "allocated", "used", "requested", "dirtied"] as const;
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(9)), { minLength: 5, maxLength: 5 }), (sizes) => {
        const memory = Object.fromEntries(names.flatMap((name, i) => (sizes[i] === null ? [] : [[name, sizes[i]]])));
        const known = sizes.filter((size) => size !== null) as number[];
        const [found] = categoryOrders(rows(memory), NOTHING);
        const falls = known.every((size, i) => i === 0 || size <= known[i - 1]!);
        expect(found?.holds).toBe(known.length === 0 ? undefined : known.length === 1 ? null : falls);
      }),
    );
  });

  test("is explained where more was requested than used and the rest lies in swap", () => {
    const memory = { allocated: 250, used: 200, requested: 300, dirtied: 300 };
    const [swapped] = categoryOrders(rows({ ...memory, swapUsed: 120 }), NOTHING);
    expect(swapped).toMatchObject({ holds: false, explained: true });
    expect(swapped!.text).toBe("requested (300 MiB) is more than used (200 MiB): 120 MiB lie in swap");
    const [flagged] = categoryOrders(rows({ ...memory, swapUsed: 0 }), NOTHING);
    expect(flagged).toMatchObject({ holds: false, explained: false });
    expect(orderWarnings([swapped!, flagged!])).toEqual([
      "memory, before: requested (300 MiB) is more than used (200 MiB), and nothing here explains it",
    ]);
  });

  test("is explained by zeros only where they arrived, and are enough", () => {
    const memory = { configured: 256, allocated: 90, used: 100 };
    const after = rows(memory, "after");
    const of = (some: StatisticsRow[], zeros: number | null, migrated = true) =>
      categoryOrders(some, { zeroBytes: zeros === null ? null : zeros * MIB, migrated })[0]!.explained;
    expect(of(after, 20)).toBe(true);
    expect(of(after, 9)).toBe(false);
    expect(of(after, null)).toBe(false);
    expect(of(after, 20, false)).toBe(false);
    expect(of(rows(memory, "before"), 20)).toBe(false);
  });

  test("puts what several witnesses told of one moment together, wherever the file has it, and says how far apart", () => {
    const late = [...rows({ used: 100 }, "after", 9), ...rows({ used: 90 }, "during", 0.9)];
    const found = categoryOrders([...rows({ allocated: 200 }, "during", 0.2), ...late], NOTHING);
    expect(found.map(({ moment, text }) => [moment, text])).toEqual([
      ["during", "allocated 200 MiB ≥ used 90 MiB (read up to 0.7 s apart)"],
      ["after", "only used is known"],
    ]);
  });

  test("is judged for each reading of a moment by itself, and for the disk as well", () => {
    const during = [0.5, 1.5].flatMap((t) => rows({ used: 20, requested: t === 0.5 ? 10 : 30 }, "during", t));
    const disk = (category: string, bytes: number): StatisticsRow => ({ ...rows({ used: 1 })[0]!, category, bytes });
    const found = categoryOrders(
      [...during, disk("disk.virtualSize", 4096), disk("disk.allocatedBlocks", 8192), disk("disk.usedBlocks", 0)],
      NOTHING,
    );
    expect(found.map(({ of, moment, holds }) => ({ of, moment, holds }))).toEqual([
      { of: "memory", moment: "during, at 0.5 s", holds: true },
      { of: "memory", moment: "during, at 1.5 s", holds: false },
      { of: "disk", moment: "before", holds: false },
    ]);
    expect(found[2]!.text).toContain("allocated blocks (8 KiB) is more than virtual size (4 KiB)");
  });
});

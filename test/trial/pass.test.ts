import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StatisticsReading } from "../../src/model/artifacts.ts";
import type { MigrationRecord } from "../../src/model/migration.ts";
import { type PassRecord, PHASES } from "../../src/model/run.ts";
import { systemClock } from "../../src/model/time.ts";
import { FakeWorld } from "./fake-world.ts";

type Record = Omit<PassRecord, "artifacts">;
const outcomeOf = ({ phases }: Record, name: string): string => phases.find((phase) => phase.name === name)!.outcome;
const noteOf = ({ phases }: Record, name: string): string | undefined =>
  phases.find((phase) => phase.name === name)!.note;
const codes = ({ failures }: Record): string[] => failures.map(({ code }) => code);
const lines = <T>(world: FakeWorld, name: string): T[] =>
  readFileSync(join(world.directory, name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);

const DATA = { disk: { data: "300001B" } };

test("the phases come in the order that is written down, each once", async () => {
  using world = new FakeWorld();
  const record = await world.pass({});
  expect(record.phases.map(({ name }) => name)).toEqual(PHASES);
  expect(record).toMatchObject({ status: "completed", failures: [], invalid: [] });
  expect(record.migrationPorts).toEqual({ memory: [49152], disk: [] });
});

describe("data on the disk", () => {
  test("it is random, of the size asked for, checked after the migration, and then taken away", async () => {
    using world = new FakeWorld();
    const record = await world.pass(DATA);
    expect(record.failures).toEqual([]);
    const { diskCheck } = record;
    expect(diskCheck).toMatchObject({ bytes: 300_001, algorithm: "sha256", after: diskCheck!.before, same: true });
    expect(existsSync(diskCheck!.path)).toBe(false);
    expect((await world.pass(DATA)).diskCheck!.before).not.toBe(diskCheck!.before);
  });

  test("what has changed is a failure of its own kind, and the pass does not count", async () => {
    using world = new FakeWorld();
    world.fates.push("damaged");
    const record = await world.pass(DATA);
    expect(record.status).toBe("failed");
    expect(codes(record)).toEqual(["DISK_DIFFERS"]);
    expect(record.diskCheck).toMatchObject({ same: false });
    expect(record.invalid).toEqual([expect.stringMatching(/changed the content of the VM's disk/u)]);
  });

  test("after a migration that failed it is checked where the VM still runs", async () => {
    using world = new FakeWorld();
    world.fates.push("failed");
    const record = await world.pass(DATA);
    expect(codes(record)).toEqual(["MIGRATION_FAILED"]);
    expect(record.diskCheck).toMatchObject({ same: true });
  });

  test("of a VM that is lost nobody asks anything", async () => {
    using world = new FakeWorld();
    world.fates.push("lost");
    const record = await world.pass(DATA);
    expect(codes(record)).toEqual(["MIGRATION_FAILED"]);
    expect(record.diskCheck).toMatchObject({ after: null, same: null });
    for (const phase of ["statistics-after", "check-disk"]) expect(noteOf(record, phase)).toBe("the VM is lost");
  });

  test("more than the disk holds is refused before the VM has anything to migrate", async () => {
    using world = new FakeWorld();
    const record = await world.pass({ disk: { data: "900TB" } });
    expect(codes(record)).toEqual(["WORKLOAD_REFUSED"]);
    expect(record.failures[0]).toMatchObject({
      phase: "fill-disk",
      message: expect.stringMatching(/ cannot be put on the guest's disk: \S+ has room for \d+ bytes$/u),
    });
    expect(outcomeOf(record, "migrate")).toBe("skipped");
  });
});

describe("a guest that is shut down on the way", () => {
  const partsOf = (world: FakeWorld) =>
    lines<MigrationRecord>(world, "migration.jsonl").flatMap((line) =>
      line.record === "event" && line.detail === "first-reply" ? [line] : [],
    );

  test("it is waited for until it answers, and the wait is a part of the migration", async () => {
    using world = new FakeWorld();
    world.fates.push("shut-down");
    const record = await world.pass({ migration: "cold", ...DATA });
    expect(record).toMatchObject({ status: "completed", failures: [], diskCheck: { same: true } });
    const [begin, end] = partsOf(world);
    expect([begin, end]).toMatchObject([
      { kind: "part", host: "destination" },
      { kind: "part-end", host: "destination" },
    ]);
    expect(end!.observed.mono - begin!.observed.mono).toBeGreaterThan(0.4e6);
  });

  test("one that never answers is a failed pass, though its migration completed, and is not asked again", async () => {
    using world = new FakeWorld();
    world.fates.push("shut-down-for-good");
    const record = await world.pass({ migration: "cold", bootDeadline: "1s", ...DATA });
    expect(record.status).toBe("failed");
    expect(record.failures[0]).toMatchObject({ code: "VM_NOT_BOOTED", phase: "migrate" });
    expect(outcomeOf(record, "check-disk")).toBe("skipped");
    expect(partsOf(world)).toHaveLength(1);
    expect(world.log.at(-1)).toBe("power-off");
  });

  test("the workload of a cold migration is stopped before anything is counted", async () => {
    using world = new FakeWorld();
    const record = await world.pass({ migration: "cold", workload: { kind: "cpu" } });
    const order = record.phases.map(({ name }) => name);
    expect(order.indexOf("stop-workload")).toBeLessThan(order.indexOf("start-captures"));
    expect(order.indexOf("stop-workload")).toBeGreaterThan(order.indexOf("statistics-before"));
    expect(order.toSorted()).toEqual(PHASES.toSorted());
  });
});

describe("an old copy of the disk", () => {
  test("it is made where it is needed, and its size and time are recorded", async () => {
    using world = new FakeWorld();
    world.capabilities = { oldCopy: { make: async () => 4096 } };
    expect((await world.pass({ migration: "storage-incremental" })).oldCopy).toMatchObject({ bytes: 4096 });
    expect((await world.pass({})).oldCopy).toBeUndefined();
  });

  test("a driver that cannot make one ends the pass before anything is migrated", async () => {
    using world = new FakeWorld();
    const record = await world.pass({ migration: "storage-incremental" });
    expect(codes(record)).toEqual(["SETTING_UNSUPPORTED"]);
    expect(outcomeOf(record, "migrate")).toBe("skipped");
  });
});

test("the image's blocks on both hosts are recorded before and after, where there is an image", async () => {
  using world = new FakeWorld();
  world.capabilities = {
    images: {
      statistics: async (host) =>
        host === "destination" && world.vm === "source"
          ? null
          : { at: systemClock(), source: "host", memory: {}, disk: { virtualSize: 100, allocatedBlocks: 40 } },
    },
  };
  await world.pass({});
  const read = lines<StatisticsReading>(world, "statistics.jsonl").filter(({ source }) => source === "host");
  expect(read.map(({ moment, host }) => `${moment} ${host}`)).toEqual([
    "before source",
    "after source",
    "after destination",
  ]);
  expect(read[0]!.disk).toEqual({ virtualSize: 100, allocatedBlocks: 40 });
});

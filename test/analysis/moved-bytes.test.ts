/** What travelled, split by flows; sparse blocks; bytes without a switch. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changeRun, event, flows, image, part, probedOf } from "./changed-run.ts";
import { at, BYTES, writeRun } from "./run-world.ts";

const MIB = 2 ** 20;
let directory: string;
beforeEach(() => {
  directory = writeRun();
});
afterEach(() => rmSync(directory, { recursive: true }));

const [MEMORY, DISK, SSH] = [49_152, 49_153, 22];
const PORTS = { record: { migrationPorts: { memory: [MEMORY], disk: [DISK] } } };
/** The port at the switch counted `BYTES`. */
const SPLIT = [
  flows(-6, { [SSH]: 1000, 0: 60 }),
  flows(-0.5, { [SSH]: 5000, 0: 120 }),
  flows(1, { [SSH]: 9000, [MEMORY]: 1e7 }),
  flows(6, { [SSH]: 25_000, 0: 120, [MEMORY]: 60_000_000, [DISK]: BYTES - 60_020_000 }),
];
const measured = async (id: string) => (await probedOf(directory)).measurements[id]!;

describe("bytes by flow", () => {
  test("are memory, disk and control, without what came before the command", async () => {
    changeRun(directory, { ...PORTS, flows: SPLIT });
    const { measurements: found, warnings } = await probedOf(directory);
    expect(found.transferredMemory!.value).toBe(60_000_000);
    expect(found.transferredDisk!.value).toBe(BYTES - 60_020_000);
    expect(found.transferredControl!.value).toBe(20_000);
    expect(found.transferredByFlows!.value).toBe(BYTES);
    expect(warnings).toEqual([]);
  });

  test.each([
    [{ flows: SPLIT }, "is not recorded"],
    [PORTS, "flows-source.jsonl is absent"],
    [{ ...PORTS, flows: [flows(1, {}), flows(6, {})] }, "only after the migrate command"],
    [{ flows: SPLIT, record: { migrationPorts: { memory: [SSH], disk: [SSH] } } }, "the same port 22"],
    [{ ...PORTS, flows: SPLIT, scenario: { settings: { transport: "ssh" } } }, "through SSH"],
  ])("are unknown with the reason (%#): %s", async (change, reason) => {
    changeRun(directory, change);
    expect(await measured("transferredMemory")).toMatchObject({
      value: null,
      unknown: expect.stringContaining(reason),
    });
  });

  test("have bounds where packets were dropped: the port counted them", async () => {
    const counted = { [SSH]: 20_000, [MEMORY]: 60_000_000, [DISK]: BYTES - 65_000_000 };
    changeRun(directory, { ...PORTS, flows: [flows(-0.5, {}), flows(6, counted, { dropped: 3300 })] });
    const { measurements: found, warnings } = await probedOf(directory);
    expect(found.transferredMemory).toMatchObject({ value: 60_000_000, low: 60_000_000 });
    expect(found.transferredMemory!.high).toBeGreaterThan(64_900_000);
    expect(found.transferredMemory!.high).toBeLessThan(65_100_000);
    expect(warnings).toEqual([]);
  });

  test("are a lower bound where the count broke off", async () => {
    changeRun(directory, { ...PORTS, flows: SPLIT.slice(0, 3) });
    expect(await measured("transferredMemory")).toMatchObject({ value: null, low: 1e7 });
    expect((await probedOf(directory)).warnings).toContainEqual(expect.stringContaining("broke off"));
  });

  test("that cannot be what the switch counted are a warning", async () => {
    changeRun(directory, { ...PORTS, flows: [flows(-0.5, {}), flows(6, { [MEMORY]: Math.round(BYTES * 1.01) })] });
    expect((await probedOf(directory)).warnings).toContainEqual(
      expect.stringMatching(/^port mig-source \(in\) counted at least \d+ bytes less than the flows/u),
    );
  });

  test("of segments that the network card cuts may be fewer than the switch's", async () => {
    // 60 KiB in one packet for the kernel are 42 frames on the wire.
    const one = flows(6, { [MEMORY]: Math.round(BYTES / (1 + 66 / 1448)) });
    const big = { ...one, flows: one.flows.map((flow) => ({ ...flow, packets: Math.ceil(flow.bytes / 60_000) })) };
    changeRun(directory, { ...PORTS, flows: [flows(-0.5, {}), big] });
    expect((await probedOf(directory)).warnings).toEqual([]);
  });
});

describe("a sparse disk", () => {
  const moved = (sent: number, after: number, scenario: object = { migration: "storage" }) =>
    changeRun(directory, {
      ...PORTS,
      scenario,
      flows: [flows(-0.5, {}), flows(6, { [MEMORY]: BYTES - Math.min(sent, BYTES), [DISK]: sent })],
      statistics: [
        image("source", "before", 96 * MIB),
        image("source", "after", 0, 0),
        image("destination", "after", after),
      ],
    });

  test("whose holes did not travel, and are holes there too", async () => {
    moved(98 * MIB, 97 * MIB);
    const { sparse, measurements: found } = await probedOf(directory);
    expect(sparse).toMatchObject({ travelled: false, kept: true });
    expect(sparse!.text).toBe(
      "of a disk of 1 GiB, 96 MiB were allocated at the source; 98 MiB travelled; at the destination 97 MiB are allocated: the sparse blocks did not travel; they are sparse there too",
    );
    expect(found.imageBefore!.value).toBe(96 * MIB);
    expect(found.imageAfter!.value).toBe(97 * MIB);
  });

  test("whose holes travelled and take room now", async () => {
    moved(1060 * MIB, 1024 * MIB);
    expect((await probedOf(directory)).sparse).toMatchObject({ travelled: true, kept: false });
  });

  test("that was compressed does not tell by its bytes what travelled", async () => {
    moved(20 * MIB, 96 * MIB, { migration: "cold", cold: { compression: "gzip", copy: "scp" } });
    changeRun(directory, { migration: [...part("compress", 0.1, 0.5), event("completed", 1)] });
    const { sparse } = await probedOf(directory);
    expect(sparse).toMatchObject({ travelled: null, kept: true });
    expect(sparse!.text).toContain("compressed with gzip, 20 MiB travelled");
  });

  test("that is full has no holes to tell of", async () => {
    changeRun(directory, {
      scenario: { migration: "storage" },
      statistics: [image("source", "before", 1020 * MIB), image("destination", "after", 1024 * MIB)],
    });
    expect((await probedOf(directory)).sparse!.text).toContain("hardly any sparse blocks");
  });

  test("is told without flows by what the memory leaves of the whole", async () => {
    changeRun(directory, {
      scenario: { migration: "storage" },
      statistics: [image("source", "before", 20 * MIB), image("destination", "after", 20 * MIB)],
      migration: [event("completed", 2), { record: "report", transferred: 60_000_000, diskTransferred: 2 ** 30 }],
    });
    const { sparse, warnings } = await probedOf(directory);
    expect(sparse!.sent.low).toBeGreaterThan(30e6);
    expect(sparse!.sent.high).toBeLessThan(41e6);
    expect(sparse).toMatchObject({ travelled: false });
    // The hypervisor's count of the disk has the holes in it: less on the wire is no contradiction.
    expect(warnings).toEqual([]);
  });

  test("that went to a shared storage went over the network of that", async () => {
    const counted = (t: number, moment: string, txBytes: number) => ({
      at: at(t),
      moment,
      host: "source",
      interface: "sto0",
      network: "storage",
      rxBytes: 0,
      txBytes,
    });
    moved(0, 96 * MIB, { migration: "storage-then-memory" });
    changeRun(directory, {
      interfaces: [counted(-9, "background", 0), counted(-5, "before", 0), counted(6, "after", 1030 * MIB)],
    });
    const { sparse, measurements: found, ports } = await probedOf(directory);
    expect(sparse).toMatchObject({ travelled: true, sent: { value: 1030 * MIB } });
    expect(found.storageSource!.value).toBe(1030 * MIB);
    expect(found.storageDestination).toMatchObject({ value: null, unknown: expect.stringContaining("destination") });
    expect(ports.map(({ role }) => role)).toContain("storage.source");
  });

  test.each([[{}], [{ migration: "cold" }]])("that both hosts see is nobody's question: %o", async (scenario) => {
    changeRun(directory, { scenario, migration: [...part("start", 0.5, 0.6), event("completed", 1)] });
    expect((await probedOf(directory)).sparse).toBeUndefined();
  });

  test("of a memory migration is nobody's question", async () => {
    const { sparse, measurements: found } = await probedOf(directory);
    expect([sparse, found.imageBefore]).toEqual([undefined, undefined]);
  });
});

test("a report that tells of the memory alone is no contradiction to a wire that carried the disk too", async () => {
  const migration = [event("completed", 2), { record: "report", transferred: 30_000_000 }];
  changeRun(directory, { scenario: { migration: "storage" }, migration });
  expect((await probedOf(directory)).warnings).toEqual([]);
  changeRun(directory, { scenario: { migration: "memory" }, migration });
  expect((await probedOf(directory)).warnings).toEqual([expect.stringContaining("the hypervisor's own count")]);
});

test("without a managed switch the bytes are the interface's, with the reason", async () => {
  changeRun(directory, { record: { switchPorts: {} }, counters: null });
  const { measurements: found, ports } = await probedOf(directory);
  expect(found.transferred).toMatchObject({ value: null, unknown: "the testbed has no managed switch" });
  expect(found.transferredByInterfaces!.value).toBe(BYTES);
  expect(found.throughput!.value).toBeCloseTo((BYTES * 8) / 1.12, -3);
  expect(ports.map(({ port, role, direction }) => `${port}: ${role} ${direction}`)).toEqual([
    "no port: migration.source in",
    "no port: migration.source out",
  ]);
});

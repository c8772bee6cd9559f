/** Real runs on hosts under libvirt: disks that move while their guest writes to them, and guests that are shut down. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PassResult, Result, type TrialResult } from "../../src/model/result.ts";
import { type CommandResult, machineTraces, Sandbox } from "../support/sandbox.ts";

const MIB = 2 ** 20;
const DATA = 48;

const TESTBED = `
hypervisor: libvirt
vm: {memory: 256MiB, disk: 1GiB}
`;
const PLAN = `
name: moving
scenarios:
  - name: storage
    migration: storage
    disk: {data: ${DATA}MiB}
    workload: {kind: disk-write, size: 8MiB, rate: 250kB/s, cache: false}
  - name: delta
    migration: storage-incremental
    disk: {data: ${DATA}MiB}
  - name: cold
    migration: cold
    cold: {compression: zstd, copy: scp}
    disk: {data: ${DATA}MiB}
  - name: memory
    disk: {storage: iscsi}
`;

describe("disks that move", () => {
  let sandbox: Sandbox;
  let before: string;
  let run: CommandResult;
  let result: Result;
  const trial = (scenario: string): TrialResult => result.trials.find((one) => one.scenario === scenario)!;
  const probed = (scenario: string): PassResult => trial(scenario).passes.find(({ kind }) => kind === "probed")!;
  const value = (scenario: string, id: string): number => {
    const measurement = trial(scenario).measurements[id];
    expect(measurement, `${scenario} ${id}`).toMatchObject({ value: expect.any(Number) });
    return measurement!.value!;
  };

  beforeAll(async () => {
    before = machineTraces();
    sandbox = new Sandbox();
    const files = [sandbox.file("plan.yaml", PLAN), "--testbed", sandbox.file("testbed.yaml", TESTBED)];
    run = await sandbox.migrascope("run", ...files, "--out", sandbox.path("run"), "--json");
    result = Result.parse(JSON.parse(run.stdout || "{}"));
  }, 1_800_000);
  afterAll(() => sandbox[Symbol.dispose]());

  test("complete, each of them", () => {
    const failures = result.trials.flatMap(({ scenario, passes }) =>
      passes.flatMap(({ kind, failures: all }) => all.map(({ message }) => `${scenario}, ${kind}: ${message}`)),
    );
    expect(failures).toEqual([]);
    expect(result.trials.map(({ scenario, status, hypervisor }) => [scenario, status, hypervisor])).toEqual(
      ["storage", "delta", "cold", "memory"].map((scenario) => [scenario, "completed", "libvirt"]),
    );
    expect(run.code, run.stderr).toBe(0);
  });

  test("with the same content afterwards, also when the guest was writing all the time", () => {
    for (const scenario of ["storage", "delta", "cold"])
      for (const pass of trial(scenario).passes)
        expect(pass.diskCheck, `${scenario} ${pass.kind}`).toMatchObject({ bytes: DATA * MIB, same: true });
    expect(probed("storage").workloads.map(({ kind }) => kind)).toEqual(["disk-write"]);
    expect(probed("storage").invalid).toEqual([]);
  });

  test("with their bytes told apart: memory, disk and the rest", () => {
    const disk = value("storage", "transferredDisk");
    expect(disk).toBeGreaterThan(DATA * MIB);
    // A sparse disk of 1 GiB: what is empty did not travel.
    expect(disk).toBeLessThan(512 * MIB);
    expect(value("storage", "transferredMemory")).toBeGreaterThan(8 * MIB);
    expect(value("memory", "transferredDisk")).toBe(0);
  });

  test("with far fewer bytes when the destination has an old copy", () => {
    expect(value("delta", "transferredDisk")).toBeLessThan(value("storage", "transferredDisk") / 3);
  });

  test("cold: dark from the shut-down to the first reply, in parts that are timed", () => {
    const parts = probed("cold").parts.map(({ part }) => part);
    expect(parts).toEqual(["shut-down", "compress", "transfer", "decompress", "start", "first-reply"]);
    for (const { start, end } of probed("cold").parts) expect(end!).toBeGreaterThan(start!);
    // What clients saw is longer than what lies between stop and start, and far longer than any live migration's.
    expect(value("cold", "downtime")).toBeGreaterThan(10 * value("memory", "downtime"));
  });

  test("and the machine is as it was", () => {
    expect(machineTraces()).toBe(before);
    expect(sandbox.processes()).toEqual([]);
  });
});

/** A pass with data on the disk, a migration that does not end, and a guest that boots anew: in the lab, with QEMU. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { FlowReading, InterfaceReading } from "../../src/model/artifacts.ts";
import type { MigrationRecord } from "../../src/model/migration.ts";
import type { PassRecord } from "../../src/model/run.ts";
import { Sandbox } from "../support/sandbox.ts";

const PLAN = `name: late
scenarios:
  - name: late
    disk: {data: 24MiB}
    deadline: 3s
    atDeadline: cold
    settings: {bandwidth: 200kB/s, downtimeLimit: 1ms}
`;

test("a migration that does not end goes on cold: the disk is what it was, every step and every byte is told", async () => {
  using sandbox = new Sandbox();
  const plan = sandbox.file("plan.yaml", PLAN);
  const testbed = sandbox.file("testbed.yaml", "vm: {memory: 256MiB, disk: 1GiB}\n");
  await sandbox.migrascope("run", plan, "--testbed", testbed, "--out", sandbox.path("run"));
  for (const kind of ["quiet", "probed"]) {
    const read = (name: string): string => readFileSync(sandbox.path(`run/trials/001-late/${kind}/${name}`), "utf8");
    const lines = <T>(name: string): T[] =>
      read(name)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as T);
    const record: PassRecord = JSON.parse(read("pass.json"));
    expect(record).toMatchObject({ status: "completed", failures: [], diskCheck: { bytes: 24 * 2 ** 20, same: true } });
    // The guest heeded its power button.
    expect(record.warnings.filter((words) => words.includes("did not shut down"))).toEqual([]);
    const steps = lines<MigrationRecord>("migration.jsonl").flatMap((line) =>
      line.record === "event" && line.kind.startsWith("part") ? [`${line.kind} ${line.detail}`] : [],
    );
    expect(steps).toEqual(
      ["shut-down", "start", "first-reply"].flatMap((part) => [`part ${part}`, `part-end ${part}`]),
    );
    if (kind === "quiet") continue;

    const { flows, dropped, end } = lines<FlowReading>("flows-source.jsonl").at(-1)!;
    expect({ dropped, end }).toEqual({ dropped: 0, end: true });
    const [port] = record.migrationPorts!.memory;
    const memory = flows.find((flow) => flow.direction === "out" && flow.destinationPort === port)!;
    // At 200 kB/s for 3 s.
    expect(memory.bytes).toBeGreaterThan(300_000);
    const counted = lines<InterfaceReading>("interfaces.jsonl").filter(
      ({ host, network }) => host === "source" && network === "migration",
    );
    const of = (moment: string): number => counted.find((reading) => reading.moment === moment)!.txBytes;
    const all = flows.reduce((bytes, flow) => bytes + (flow.direction === "out" ? flow.bytes : 0), 0);
    // The count began and ended a little apart from the readings: who asks for neighbours then is in one of them only.
    expect(Math.abs(all - (of("after") - of("before")))).toBeLessThan(2000);
  }
  expect(sandbox.processes()).toEqual([]);
});

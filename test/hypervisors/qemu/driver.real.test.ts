import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MigrationEvent, MigrationProgress } from "../../../src/model/migration.ts";
import { eventOf, kinds, MIB, pairsForTests, processesWith, SLOW, watched } from "./pair.ts";

const { poweredOff, poweredOn } = pairsForTests();

describe("a live migration", () => {
  test("moves the VM there and back, with every event in its order and both clocks", async () => {
    const pair = await poweredOn();
    for (const [from, to] of [
      ["source", "destination"],
      ["destination", "source"],
    ] as const) {
      const observer = watched();
      const outcome = await pair.migrate(from, { bandwidth: "2Gb/s", downtimeLimit: "500ms" }, { observer });
      expect(outcome).toMatchObject({ status: "completed", runsOn: to });
      expect(await pair.driver.locate()).toBe(to);
      expect(pair.processes()).toHaveLength(1);
      await pair.livesOn(to);
      expect(kinds(observer.events)).toEqual([`command ${from}`, `stop ${from}`, `completed ${from}`, `resume ${to}`]);
      for (const event of observer.events) {
        MigrationEvent.parse(event);
        if (event.kind === "command") expect(event.reported).toBeUndefined();
        else expect(Math.abs(event.reported! - event.observed.wall)).toBeLessThan(500_000);
      }
      const blackout =
        (eventOf(observer.events, "resume").reported! - eventOf(observer.events, "stop").reported!) / 1e6;
      const total =
        (eventOf(observer.events, "completed").observed.mono - eventOf(observer.events, "command").observed.mono) / 1e6;
      expect(blackout).toBeGreaterThan(0);
      expect(outcome.report.totalTime).toBeGreaterThan(0);
      // QEMU stops its own clock only after it has told of the end.
      expect(Math.abs(outcome.report.totalTime! - total)).toBeLessThan(0.1);
      expect(outcome.report.downtime).toBeLessThan(total);
      expect(outcome.report.transferred).toBeGreaterThan(16 * MIB);
      const rounds = observer.events.filter((event) => event.kind === "round").map((event) => event.round);
      expect(rounds).toEqual(rounds.map((_, index) => index + 1));
      expect(outcome.report.rounds).toBe(rounds.length);
    }
  });

  test("is sampled at least every 50 ms, and at every round", async () => {
    const pair = await poweredOn();
    const observer = watched();
    await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, { deadline: 5, observer });
    for (const sample of observer.samples) MigrationProgress.parse(sample);
    const gaps = observer.samples.slice(1).map((sample, i) => (sample.at.mono - observer.samples[i]!.at.mono) / 1000);
    gaps.sort((a, b) => a - b);
    expect(gaps.length).toBeGreaterThan(100);
    // The machine is shared: a stall of its own is no lack of ours.
    expect(gaps[Math.floor(gaps.length * 0.95)]).toBeLessThan(50);
    const rounds = observer.events.filter((event) => event.kind === "round");
    for (const { observed } of rounds) {
      expect(observer.samples.some(({ at }) => at.mono >= observed.mono && at.mono - observed.mono < 50_000)).toBe(
        true,
      );
    }
    expect(observer.samples.findLast(({ status }) => status === "active")).toMatchObject({
      total: expect.any(Number),
      remaining: expect.any(Number),
    });
  });

  test("goes over IPv6 and to a port that was named", async () => {
    const server = createServer().listen(0, "::1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const pair = await poweredOn({ destination: { migrationAddress: { ipv6: "::1" }, migrationPort: port } });
    const outcome = await pair.migrate("source", { downtimeLimit: "500ms" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(pair.file("qmp-source.jsonl")).toContain(`tcp:[::1]:${port}`);
  });
});

describe("the VM", () => {
  test("is described as it really is, and its memory and disk are known", async () => {
    const pair = await poweredOn({ dirtied: 48 * MIB });
    expect(await pair.driver.describe("destination")).toMatchObject({
      role: "destination",
      hypervisor: "QEMU",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/u),
      accelerator: "tcg",
      machine: expect.stringMatching(/^pc-q35-\d+\.\d+$/u),
    });
    const { memory, disk } = await pair.driver.statistics();
    expect(memory.configured).toBe(96 * MIB);
    expect(memory.allocated).toBeGreaterThan(48 * MIB);
    expect(memory.allocated).toBeLessThan(97 * MIB);
    expect(disk.virtualSize).toBe(64 * MIB);
    expect(disk.allocatedBlocks).toBeGreaterThan(0);
    expect(disk.allocatedBlocks).toBeLessThan(MIB);
  });

  test("is ended even when its QEMU answers nothing any more; ending it twice does no harm", async () => {
    const pair = await poweredOn();
    process.kill(pair.processes()[0]!, "SIGSTOP");
    await pair.driver.powerOff();
    expect(pair.processes()).toEqual([]);
    await pair.driver.powerOff();
    expect(await pair.driver.locate()).toBeNull();
    await expect(pair.driver.statistics()).rejects.toMatchObject({ code: "HYPERVISOR_REFUSED" });
    await pair.powerOn("destination");
    expect(await pair.driver.locate()).toBe("destination");
  });

  test("dies with the process that started it", async () => {
    const script = `
      const { Pair } = await import(${JSON.stringify(join(import.meta.dirname, "pair.ts"))});
      const pair = new Pair();
      await pair.powerOn();
      console.log(pair.directory);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const directory = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (text) => resolve(String(text).trim()));
      child.once("exit", (code) => reject(new Error(`it exited with ${code}`)));
    });
    expect(processesWith(directory)).toHaveLength(1);
    child.kill("SIGKILL");
    try {
      await expect.poll(() => processesWith(directory), { timeout: 5000 }).toEqual([]);
    } finally {
      for (const pid of processesWith(directory)) process.kill(pid, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test("that cannot start is an error with QEMU's words", async () => {
    const pair = poweredOff({ cpu: "no-such-cpu" });
    await expect(pair.powerOn()).rejects.toMatchObject({
      code: "HYPERVISOR_REFUSED",
      message: expect.stringContaining("unable to find CPU model 'no-such-cpu'"),
    });
    expect(pair.processes()).toEqual([]);
  });
});

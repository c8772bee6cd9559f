import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { MigrationEvent } from "../../../src/model/migration.ts";
import { MigrationEvent as EventSchema, MigrationProgress } from "../../../src/model/migration.ts";
import { localMachine } from "../../../src/remote/local.ts";
import { MIB, Pair, processesWith, SLOW, watched } from "./pair.ts";

const pairs: Pair[] = [];
async function poweredOn(...options: ConstructorParameters<typeof Pair>): Promise<Pair> {
  const pair = new Pair(...options);
  pairs.push(pair);
  await pair.powerOn();
  return pair;
}
afterEach(async () => {
  for (const pair of pairs.splice(0)) {
    await pair.driver.powerOff();
    const left = pair.processes();
    await pair.end();
    expect(left, "a QEMU was left behind").toEqual([]);
  }
});

const kinds = (events: readonly MigrationEvent[]): string[] =>
  events.map((event) => `${event.kind} ${event.host}`).filter((kind) => !/^(status|round) /u.test(kind));
const of = (events: readonly MigrationEvent[], kind: string): MigrationEvent =>
  events.find((event) => event.kind === kind)!;

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
        EventSchema.parse(event);
        if (event.kind === "command") expect(event.reported).toBeUndefined();
        else expect(Math.abs(event.reported! - event.observed.wall)).toBeLessThan(500_000);
      }
      const blackout = (of(observer.events, "resume").reported! - of(observer.events, "stop").reported!) / 1e6;
      const total =
        (of(observer.events, "completed").observed.mono - of(observer.events, "command").observed.mono) / 1e6;
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
    const pair = await poweredOn({ destination: { migrationAddress: "::1", migrationPort: port } });
    const outcome = await pair.migrate("source", { downtimeLimit: "500ms" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(pair.file("qmp-source.jsonl")).toContain(`tcp:[::1]:${port}`);
  });
});

describe("settings are read back from both hosts:", () => {
  test("bandwidth and downtime limit in our units, everything else of QEMU's beside them", async () => {
    const pair = await poweredOn();
    const { settings } = await pair.migrate("source", { bandwidth: "800Mb/s", downtimeLimit: "400ms" });
    for (const host of ["source", "destination"]) {
      const here = settings.filter((setting) => setting.host === host);
      expect(here).toContainEqual({
        name: "bandwidth",
        native: "max-bandwidth",
        host,
        asked: 8e8,
        effective: 8e8,
        unit: "b/s",
      });
      expect(here).toContainEqual({
        name: "downtimeLimit",
        native: "downtime-limit",
        host,
        asked: 0.4,
        effective: 0.4,
        unit: "s",
      });
      expect(here).toContainEqual({ name: "events", native: "events", host, effective: true });
      expect(here).toContainEqual({ name: "xbzrle", native: "xbzrle", host, effective: false });
    }
    expect(await pair.driver.effectiveSettings("destination")).toContainEqual(
      expect.objectContaining({ name: "bandwidth", effective: 8e8 }),
    );
  });

  test.each(["zlib", "zstd"])("multifd with %s", async (compression) => {
    const pair = await poweredOn();
    const outcome = await pair.migrate("source", { multifd: { channels: 3, compression }, downtimeLimit: "500ms" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    for (const host of ["source", "destination"]) {
      for (const [name, value] of [
        ["multifd", true],
        ["multifd.channels", 3],
        ["multifd.compression", compression],
      ]) {
        expect(outcome.settings).toContainEqual(
          expect.objectContaining({ host, name, asked: value, effective: value }),
        );
      }
    }
  });

  test("xbzrle, whose cache QEMU takes only as a power of two", async () => {
    const pair = await poweredOn();
    const { status, settings } = await pair.migrate("source", { xbzrle: { cache: "20MB" }, downtimeLimit: "500ms" });
    expect(status).toBe("completed");
    expect(settings).toContainEqual(expect.objectContaining({ name: "xbzrle", asked: true, effective: true }));
    expect(settings).toContainEqual(
      expect.objectContaining({ name: "xbzrle.cache", asked: 20e6, effective: 16 * MIB, unit: "B" }),
    );
  });

  test("auto-converge slows the vCPUs until a migration ends that would not", async () => {
    const pair = await poweredOn({ dirtied: 8 * MIB });
    const settings = { bandwidth: "32MiB/s", downtimeLimit: "50ms" };
    const observer = watched();
    const autoConverge = { initial: "98%", increment: "1%", maximum: "99%" };
    const outcome = await pair.migrate("source", { ...settings, autoConverge }, { observer, deadline: 90 });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(observer.samples.some((sample) => (sample.throttle ?? 0) >= 0.98)).toBe(true);
    expect(outcome.settings).toContainEqual(
      expect.objectContaining({ name: "autoConverge.maximum", asked: 0.99, effective: 0.99, unit: "share" }),
    );
  });

  test("what an earlier migration set is back at QEMU's default", async () => {
    const pair = await poweredOn();
    const earlier = { bandwidth: SLOW, autoConverge: {}, xbzrle: { cache: "1MiB" } };
    await pair.migrate("source", earlier, { deadline: 0.5 });
    const { settings } = await pair.migrate("source", { downtimeLimit: "500ms" });
    const now = Object.fromEntries(settings.map(({ host, name, effective }) => [`${host} ${name}`, effective]));
    expect(now).toMatchObject({
      "source bandwidth": 128 * MIB * 8,
      "source autoConverge": false,
      "source xbzrle": false,
      "source xbzrle.cache": 64 * MIB,
    });
  });

  test("what this version lacks is refused by name, before anything is migrated", async () => {
    const pair = await poweredOn();
    await expect(pair.migrate("source", { multifd: { compression: "qatzip" } })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      where: "source",
      message: expect.stringMatching(
        /^QEMU \d.*multifd\.compression qatzip.*(QEMU 9\.2 is the first|was built with qatzip)/u,
      ),
    });
    expect(pair.processes()).toHaveLength(1);
    await pair.livesOn("source");
  });

  test("a combination that QEMU refuses is refused in its words, before anything is migrated", async () => {
    const pair = await poweredOn();
    await expect(pair.migrate("source", { downtimeLimit: "5000s" })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      message: expect.stringContaining("downtimeLimit"),
    });
    expect(pair.processes()).toHaveLength(1);
    expect(await pair.migrate("source", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
  });
});

describe("post-copy", () => {
  test("runs on the destination before the migration is over", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const settings = { postCopy: { afterRound: 1 }, bandwidth: "400Mb/s", downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(kinds(observer.events)).toEqual([
      "command source",
      "switch-to-post-copy source",
      "stop source",
      "resume destination",
      "completed source",
    ]);
    expect(outcome.report.postCopyRequests).toBeGreaterThan(0);
    expect(of(observer.events, "switch-to-post-copy").observed.mono).toBeGreaterThan(
      observer.events.find((event) => event.round === 2)!.observed.mono,
    );
    await pair.livesOn("destination");
  });

  test("begins after the time that was asked for", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const settings = { postCopy: { afterTime: "800ms" }, bandwidth: "200Mb/s", downtimeLimit: "1ms" };
    await pair.migrate("source", settings, { observer });
    const [command, asked] = ["command", "switch-to-post-copy"].map((kind) => of(observer.events, kind).observed.mono);
    expect(asked! - command!).toBeGreaterThanOrEqual(795_000);
    expect(asked! - command!).toBeLessThan(1_200_000);
  });

  test("past its deadline is a timeout that is let end, for cancelling would lose the VM", async () => {
    const pair = await poweredOn();
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: "16MiB/s", downtimeLimit: "1ms" };
    const observer = watched();
    const outcome = await pair.migrate("source", settings, { observer, deadline: 0.7 });
    expect(outcome).toMatchObject({ status: "timeout", runsOn: "destination" });
    expect(outcome.reason).toMatch(/deadline of 0\.7 s.*cannot be cancelled.*ended \d/u);
    expect(kinds(observer.events)).not.toContain("cancel source");
    await pair.livesOn("destination");
  });

  test.each([
    ["destination", ["-incoming"]],
    ["source", []],
  ] as const)("without its %s the VM is lost, and that is said", async (victim, containing) => {
    const pair = await poweredOn();
    let killed = false;
    const observer = watched((sample) => {
      if (killed || sample.status !== "postcopy-active") return;
      killed = true;
      const incoming = pair.processes("-incoming");
      const pids = containing.length > 0 ? incoming : pair.processes().filter((pid) => !incoming.includes(pid));
      for (const pid of pids) process.kill(pid, "SIGKILL");
    });
    const settings = { postCopy: { afterTime: "200ms" }, bandwidth: SLOW, downtimeLimit: "1ms" };
    const outcome = await pair.migrate("source", settings, { observer });
    expect(outcome).toMatchObject({ status: "failed", runsOn: null });
    expect(outcome.reason).toContain(`QEMU on the ${victim} was ended by SIGKILL`);
    expect(await pair.driver.locate()).toBeNull();
    expect(pair.processes()).toEqual([]);
  });
});

describe("a migration that does not end well", () => {
  test("is a timeout at its deadline, and the VM goes on where it was, and can be migrated again", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const outcome = await pair.migrate(
      "source",
      { bandwidth: SLOW, downtimeLimit: "1ms" },
      { observer, deadline: 1.5 },
    );
    expect(outcome).toMatchObject({ status: "timeout", runsOn: "source" });
    expect(outcome.reason).toContain("1.5 s");
    const asked = of(observer.events, "cancel").observed.mono - of(observer.events, "command").observed.mono;
    expect(Math.abs(asked - 1_500_000)).toBeLessThan(200_000);
    expect(kinds(observer.events)).toContain("cancelled source");
    expect(await pair.driver.locate()).toBe("source");
    expect(pair.processes()).toHaveLength(1);
    await pair.livesOn("source");
    expect(await pair.migrate("source", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
  });

  test("is cancelled by a signal", async () => {
    const pair = await poweredOn();
    const controller = new AbortController();
    const observer = watched((sample) => {
      if ((sample.transferred ?? 0) > MIB) controller.abort();
    });
    const settings = { bandwidth: SLOW, downtimeLimit: "1ms", multifd: { channels: 2 } };
    const outcome = await pair.migrate("source", settings, { observer, signal: controller.signal });
    expect(outcome).toMatchObject({ status: "cancelled", runsOn: "source" });
    expect(await pair.migrate("source", {}, { signal: controller.signal })).toMatchObject({ status: "cancelled" });
    await pair.livesOn("source");
  });

  test("has failed when the destination is killed half-way, and the VM goes on", async () => {
    const pair = await poweredOn();
    const observer = watched((sample) => {
      if ((sample.transferred ?? 0) > MIB) for (const pid of pair.processes("-incoming")) process.kill(pid, "SIGKILL");
    });
    const outcome = await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, { observer });
    expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
    expect(outcome.reason).toContain("QEMU on the destination was ended by SIGKILL");
    expect(kinds(observer.events)).toContain("failed source");
    await pair.livesOn("source");
  });

  test("has lost the VM when the source is killed half-way", async () => {
    const pair = await poweredOn();
    const [source] = pair.processes();
    let killed = false;
    const observer = watched((sample) => {
      if (killed || (sample.transferred ?? 0) <= MIB) return;
      killed = true;
      process.kill(source!, "SIGKILL");
    });
    const outcome = await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, { observer });
    expect(outcome).toMatchObject({ status: "failed", runsOn: null });
    expect(outcome.reason).toContain("QEMU on the source was ended by SIGKILL");
    expect(await pair.driver.locate()).toBeNull();
    expect(pair.processes()).toEqual([]);
  });

  test("has failed when the destination's port is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    try {
      const pair = await poweredOn({ destination: { migrationPort: port } });
      const outcome = await pair.migrate("source", {});
      expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
      expect(outcome.reason).toMatch(/address already in use/iu);
      expect(pair.processes()).toHaveLength(1);
    } finally {
      server.close();
    }
  });

  test("has failed when the destination's QEMU exits at once, with its words", async () => {
    const local = localMachine("destination");
    const machine: typeof local = {
      ...local,
      start: (argv, options) => local.start(argv.includes("-incoming") ? [...argv, "-no-such-option"] : argv, options),
    };
    const pair = await poweredOn({ destination: { machine } });
    const outcome = await pair.migrate("source", {});
    expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
    expect(outcome.reason).toContain("no-such-option: invalid option");
    await pair.livesOn("source");
  });

  test.each([
    ["memory is smaller, which shows at once", "size=100663296B", "size=67108864B"],
    ["disk is missing, which shows after everything was sent", "virtio-blk-pci,id=blk0,drive=disk0", "virtio-rng-pci"],
  ])("has failed when the destination's %s; the VM goes on and can be migrated again", async (_why, ours, theirs) => {
    const local = localMachine("destination");
    let mended = false;
    const machine: typeof local = {
      ...local,
      start: (argv, options) => {
        const wrong = argv.includes("-incoming") && !mended;
        return local.start(wrong ? argv.map((each) => (each === ours ? theirs : each)) : argv, options);
      },
    };
    const pair = await poweredOn({ destination: { machine } });
    const observer = watched();
    const outcome = await pair.migrate("source", { downtimeLimit: "500ms" }, { observer });
    expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
    expect(outcome.reason).toMatch(/destination: .*(pc\.ram|virtio|Unknown savevm)/iu);
    await pair.livesOn("source");
    expect(pair.processes()).toHaveLength(1);
    mended = true;
    expect(await pair.migrate("source", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
    await pair.livesOn("destination");
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
    const pair = new Pair();
    pairs.push(pair);
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
    await expect.poll(() => processesWith(directory), { timeout: 5000 }).toEqual([]);
  });

  test("that cannot start is an error with QEMU's words", async () => {
    const pair = new Pair({ cpu: "no-such-cpu" });
    pairs.push(pair);
    await expect(pair.powerOn()).rejects.toMatchObject({
      code: "HYPERVISOR_REFUSED",
      message: expect.stringContaining("unable to find CPU model 'no-such-cpu'"),
    });
    expect(pair.processes()).toEqual([]);
  });
});

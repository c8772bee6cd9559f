import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { localMachine } from "../../../src/remote/local.ts";
import { eventOf, kinds, MIB, pairsForTests, SLOW, watched } from "./pair.ts";

const { poweredOn } = pairsForTests();

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
    expect(outcome.warnings).toEqual([expect.stringContaining("emulated (tcg)")]);
    const asked = eventOf(observer.events, "cancel").observed.mono - eventOf(observer.events, "command").observed.mono;
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

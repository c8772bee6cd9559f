import { describe, expect, test } from "vitest";
import { eventOf, kinds, MIB, pairsForTests, processesWith, SLOW, watched } from "./pair.ts";

const { poweredOn } = pairsForTests();

/** A guest that dirties more than this sends: it never ends by itself. */
const ENDLESS = { bandwidth: "32MiB/s", downtimeLimit: "1ms" };
/** Seconds. */
const DEADLINE = 1.5;

describe("when a migration has not ended by its deadline, it can be", () => {
  test("paused: the VM stands still from then on, and runs on the destination when all of it is there", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const outcome = await pair.migrate("source", ENDLESS, { observer, deadline: DEADLINE, atDeadline: "pause" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(kinds(observer.events)).toEqual([
      "command source",
      "deadline source",
      "stop source",
      "completed source",
      "resume destination",
    ]);
    const at = (kind: string): number => eventOf(observer.events, kind).observed.mono / 1e6;
    expect(eventOf(observer.events, "deadline").detail).toBe("pause");
    expect(at("deadline") - at("command")).toBeGreaterThanOrEqual(DEADLINE);
    expect(at("stop") - at("deadline")).toBeLessThan(0.3);
    // What was left takes longer than the downtime limit allowed: the pause is where the time is.
    expect(at("resume") - at("stop")).toBeGreaterThan(0.1);
    await pair.livesOn("destination");
  });

  test("paused, and run again where it was when even that did not end it", async () => {
    const pair = await poweredOn({ dirtied: 64 * MIB });
    const observer = watched();
    const options = { observer, deadline: 0.5, atDeadline: "pause", grace: 0.5 } as const;
    const outcome = await pair.migrate("source", { bandwidth: "2MiB/s", downtimeLimit: "1ms" }, options);
    expect(outcome).toMatchObject({ status: "timeout", runsOn: "source" });
    expect(outcome.reason).toMatch(/deadline of 0\.5 s; the VM was paused, and it had not completed 0\.5 s later/u);
    expect(kinds(observer.events)).toEqual([
      "command source",
      "deadline source",
      "stop source",
      "cancel source",
      "cancelled source",
      "resume-source source",
    ]);
    await pair.livesOn("source");
    expect(await pair.migrate("source", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
  });

  test("paused, and run again where it was when the destination dies meanwhile", async () => {
    const pair = await poweredOn({ dirtied: 64 * MIB });
    const observer = watched();
    const event = observer.event.bind(observer);
    observer.event = (each) => {
      event(each);
      if (each.kind === "stop") for (const pid of pair.processes("-incoming")) process.kill(pid, "SIGKILL");
    };
    const options = { observer, deadline: 0.5, atDeadline: "pause" } as const;
    const outcome = await pair.migrate("source", { bandwidth: "2MiB/s", downtimeLimit: "1ms" }, options);
    expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
    expect(outcome.reason).toContain("QEMU on the destination was ended by SIGKILL");
    await pair.livesOn("source");
  });

  test("switched to post-copy, which is possible only because it was prepared", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const options = { observer, deadline: DEADLINE, atDeadline: "post-copy" } as const;
    const outcome = await pair.migrate("source", ENDLESS, options);
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(kinds(observer.events).slice(0, 3)).toEqual([
      "command source",
      "deadline source",
      "switch-to-post-copy source",
    ]);
    expect(outcome.report.postCopyRequests).toBeGreaterThan(0);
    expect(outcome.settings).toContainEqual(
      expect.objectContaining({ name: "postCopy", host: "destination", asked: true, effective: true }),
    );
    await pair.livesOn("destination");
  });

  test("throttled as hard as the plan says, but before the deadline never by more than 1 %", async () => {
    const pair = await poweredOn({ dirtied: 8 * MIB });
    const observer = watched();
    const settings = { bandwidth: "64MiB/s", downtimeLimit: "50ms", autoConverge: { initial: "97%", increment: "1%" } };
    const options = { observer, deadline: 4, atDeadline: "throttle", grace: 120 } as const;
    const outcome = await pair.migrate("source", settings, options);
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    const deadline = eventOf(observer.events, "deadline").observed.mono;
    const shares = observer.samples.map(({ at, throttle }) => ({ late: at.mono > deadline, share: throttle ?? 0 }));
    const early = shares.filter(({ late }) => !late).map(({ share }) => share);
    expect(Math.max(...early)).toBeLessThanOrEqual(0.01);
    const late = shares.filter(({ late }) => late).map(({ share }) => share);
    expect(Math.max(...late)).toBeGreaterThanOrEqual(0.97);
    const steps = [...new Set(late)].filter((share) => share > 0.01).sort();
    expect(steps).toEqual([0.97, 0.98, 0.99].slice(0, steps.length));
    expect(outcome.settings).toContainEqual({
      name: "atDeadline.autoConverge.initial",
      native: "cpu-throttle-initial",
      host: "source",
      asked: 0.97,
      effective: 0.97,
      unit: "share",
    });
    expect(outcome.settings).toContainEqual(
      expect.objectContaining({ name: "autoConverge.maximum", host: "source", effective: 0.01 }),
    );
    const { settings: next } = await pair.migrate("destination", { downtimeLimit: "500ms" });
    expect(next).toContainEqual(
      expect.objectContaining({ name: "throttle-trigger-threshold", host: "source", effective: 50 }),
    );
  });

  test("not migrated cold when its guest knows no power button: it is not switched off, and goes on at the source", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const options = { observer, deadline: 0.5, atDeadline: "cold", grace: 1 } as const;
    const outcome = await pair.migrate("source", ENDLESS, options);
    expect(outcome).toMatchObject({ status: "timeout", runsOn: "source" });
    expect(outcome.reason).toContain("did not shut down within 1 s");
    expect(kinds(observer.events)).toEqual([
      "command source",
      "deadline source",
      "cancel source",
      "cancelled source",
      "part source",
    ]);
    expect(pair.processes()).toHaveLength(1);
    expect(await pair.driver.locate()).toBe("source");
    await pair.livesOn("source");
    expect(await pair.migrate("source", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
  });

  test("migrated cold: a guest that knows its power button shuts down by itself", async () => {
    const pair = await poweredOn({ powerButton: true });
    const observer = watched();
    const options = { observer, deadline: 0.5, atDeadline: "cold" } as const;
    const outcome = await pair.migrate("source", ENDLESS, options);
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(kinds(observer.events)).toEqual([
      "command source",
      "deadline source",
      "cancel source",
      "cancelled source",
      "part source",
      "stop source",
      "part-end source",
      "part source",
      "resume destination",
      "part-end source",
    ]);
    const parts = observer.events.filter(({ kind }) => kind.startsWith("part")).map(({ detail }) => detail);
    expect(parts).toEqual(["shut-down", "shut-down", "start", "start"]);
    expect(eventOf(observer.events, "stop").reported).toBeDefined();
    expect(pair.processes()).toHaveLength(1);
    await pair.livesOn("destination");
    expect(await pair.migrate("destination", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
  });

  test("cold in vain: the VM is started again where it was", async () => {
    let starts = 0;
    const { localMachine } = await import("../../../src/remote/local.ts");
    const local = localMachine("destination");
    const machine: typeof local = {
      ...local,
      start: (argv, options) => {
        const again = argv.includes("-S") && starts++ >= 0;
        return local.start(again ? [...argv, "-no-such-option"] : argv, options);
      },
    };
    const pair = await poweredOn({ destination: { machine }, powerButton: true });
    const options = { deadline: 0.5, atDeadline: "cold" } as const;
    const outcome = await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, options);
    expect(outcome).toMatchObject({ status: "failed", runsOn: "source" });
    expect(outcome.reason).toMatch(/could not be started on the destination.*no-such-option/u);
    expect(processesWith(pair.directory)).toHaveLength(1);
    await pair.livesOn("source");
  });

  test("ended by Ctrl-C while an action is under way; the VM runs where it was", async () => {
    const pair = await poweredOn({ dirtied: 64 * MIB });
    const controller = new AbortController();
    const observer = watched();
    const event = observer.event.bind(observer);
    observer.event = (each) => {
      event(each);
      if (each.kind === "stop") controller.abort();
    };
    const options = { observer, deadline: 0.5, atDeadline: "pause", signal: controller.signal } as const;
    const outcome = await pair.migrate("source", { bandwidth: "2MiB/s", downtimeLimit: "1ms" }, options);
    expect(outcome).toMatchObject({ status: "cancelled", runsOn: "source" });
    await pair.livesOn("source");
  });
});

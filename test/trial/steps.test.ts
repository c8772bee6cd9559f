import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { MigrascopeError } from "../../src/model/errors.ts";
import type { PhaseName, PhaseRecord } from "../../src/model/run.ts";
import { systemClock } from "../../src/model/time.ts";
import { runSteps, type Step, type StepsOutcome } from "../../src/trial/steps.ts";

const NEVER = new AbortController().signal;
/** Ends only when it is told to, as a good step does. */
const until = async (signal: AbortSignal): Promise<undefined> => void (await sleep(1e6, undefined, { signal }));
/** Hears nothing and never ends. */
const deaf = (): Promise<undefined> => new Promise(() => {});

/** Runs steps and notes what the listener was told. */
async function run(
  steps: readonly Step[],
  interrupt: AbortSignal = NEVER,
  grace?: number,
): Promise<StepsOutcome & { told: readonly string[] }> {
  const told: string[] = [];
  const listener = {
    started: (name: PhaseName): void => void told.push(`${name} started`),
    finished: ({ name, outcome }: PhaseRecord): void => void told.push(`${name} ${outcome}`),
  };
  return { ...(await runSteps(steps, interrupt, systemClock, listener, grace)), told };
}

const step = (name: PhaseName, kind: Step["kind"], work: Step["run"] = async () => undefined, more = {}): Step => ({
  name,
  kind,
  budget: 60,
  run: work,
  ...more,
});
const outcomes = ({ phases }: StepsOutcome): string[] => phases.map(({ name, outcome }) => `${name} ${outcome}`);

describe("a pass that nothing disturbs", () => {
  test("its phases run one after the other in the given order, each with its times and note", async () => {
    const order: string[] = [];
    const slow = (name: string) => async (): Promise<string> => {
      order.push(`${name} begins`);
      await sleep(5);
      order.push(`${name} ends`);
      return `note of ${name}`;
    };
    const done = await run([
      step("power-on", "essential", slow("on")),
      step("migrate", "instrument", slow("move")),
      step("power-off", "teardown", slow("off")),
    ]);
    expect(order).toEqual(["on begins", "on ends", "move begins", "move ends", "off begins", "off ends"]);
    expect(done.told).toEqual([
      "power-on started",
      "power-on done",
      "migrate started",
      "migrate done",
      "power-off started",
      "power-off done",
    ]);
    expect(done).toMatchObject({ failures: [], broken: null });
    expect(done.phases.map(({ note }) => note)).toEqual(["note of on", "note of move", "note of off"]);
    const times = done.phases.flatMap(({ start, end }) => [start.mono, end.mono]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("a phase that does not apply is passed over with its reason, judged when its turn has come", async () => {
    let moved = false;
    const done = await run([
      step("start-prober", "instrument", deaf, { skip: "quiet pass" }),
      step("migrate", "instrument", async () => {
        moved = true;
        return undefined;
      }),
      {
        name: "migrate-back",
        kind: "instrument",
        budget: 60,
        get skip() {
          return moved ? undefined : "the VM did not move";
        },
        run: async () => undefined,
      },
    ]);
    expect(outcomes(done)).toEqual(["start-prober skipped", "migrate done", "migrate-back done"]);
    expect(done.phases[0]!.note).toBe("quiet pass");
    expect(done.told).not.toContain("start-prober started");
  });
});

describe("a phase that fails", () => {
  const broken = async (): Promise<never> => {
    throw new MigrascopeError("SNMP_SILENT", "nobody answers", { where: "switch" });
  };

  test("an instrument costs its measurement and nothing else", async () => {
    const done = await run([step("counters-before", "instrument", broken), step("migrate", "instrument")]);
    expect(outcomes(done)).toEqual(["counters-before failed", "migrate done"]);
    expect(done.broken).toBeNull();
    expect(done.failures).toEqual([
      expect.objectContaining({ code: "SNMP_SILENT", where: "switch", phase: "counters-before" }),
    ]);
  });

  test("an essential one ends the pass, but for the teardown", async () => {
    const done = await run([
      step("power-on", "essential", broken),
      step("settle", "essential"),
      step("migrate", "instrument"),
      step("stop-prober", "teardown"),
      step("power-off", "teardown"),
    ]);
    expect(outcomes(done)).toEqual([
      "power-on failed",
      "settle skipped",
      "migrate skipped",
      "stop-prober done",
      "power-off done",
    ]);
    expect(done.phases[1]!.note).toBe("not reached: the pass was failed");
    expect(done.broken).toBe("failed");
    expect(done.failures).toHaveLength(1);
  });

  test("a teardown that fails is recorded and keeps no other from running", async () => {
    const done = await run([step("stop-captures", "teardown", broken), step("power-off", "teardown")]);
    expect(outcomes(done)).toEqual(["stop-captures failed", "power-off done"]);
    expect(done.failures).toHaveLength(1);
  });

  test("what is thrown without being one of our errors is a defect and recorded as one", async () => {
    const done = await run([
      step("migrate", "instrument", async () => {
        throw new TypeError("x is not a function");
      }),
    ]);
    expect(done.failures[0]).toMatchObject({ code: "BUG", message: "x is not a function" });
  });
});

describe("a phase that takes too long", () => {
  test("it is told to stop, and why", async () => {
    const done = await run([
      step("settle", "essential", until, { budget: 0.02 }),
      step("power-off", "teardown", until, { budget: 0.02 }),
    ]);
    expect(outcomes(done)).toEqual(["settle failed", "power-off failed"]);
    expect(done.failures.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "DEADLINE_EXCEEDED: phase settle did not end within 0.02 s",
      "DEADLINE_EXCEEDED: phase power-off did not end within 0.02 s",
    ]);
  });

  test("one that does not listen is left behind after a while", async () => {
    const done = await run(
      [step("settle", "essential", deaf, { budget: 0.02 }), step("power-off", "teardown")],
      NEVER,
      0.02,
    );
    expect(outcomes(done)).toEqual(["settle failed", "power-off done"]);
    expect(done.failures[0]!.code).toBe("DEADLINE_EXCEEDED");
  });

  test("one that fails for a reason of its own while it stops keeps that reason", async () => {
    const done = await run([
      step(
        "migrate",
        "instrument",
        async (signal) => {
          await until(signal).catch(() => {});
          throw new MigrascopeError("HYPERVISOR_LOST", "the connection broke");
        },
        { budget: 0.02 },
      ),
    ]);
    expect(done.failures[0]!.code).toBe("HYPERVISOR_LOST");
  });

  test("a deadline beyond what a timer can hold is no deadline of a millisecond", async () => {
    const done = await run([
      step("migrate", "instrument", async (signal) => void (await sleep(30, undefined, { signal })), {
        budget: 1000 * 3600,
      }),
    ]);
    expect(done.failures).toEqual([]);
  });
});

describe("an interrupt", () => {
  /** Interrupts after a few milliseconds. */
  const soon = (): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    return controller.signal;
  };

  test("ends the phase that runs, and leaves out all that is not teardown; it is no failure", async () => {
    const done = await run(
      [
        step("migrate", "instrument", until),
        step("stop-prober", "teardown"),
        step("counters-after", "instrument"),
        step("power-off", "teardown"),
      ],
      soon(),
    );
    expect(outcomes(done)).toEqual([
      "migrate interrupted",
      "stop-prober done",
      "counters-after skipped",
      "power-off done",
    ]);
    expect(done).toMatchObject({ failures: [], broken: "interrupted" });
  });

  test("does not reach a teardown, which has its own budget", async () => {
    let aborted: boolean | undefined;
    const done = await run(
      [
        step("power-off", "teardown", async (signal) => {
          await sleep(60);
          aborted = signal.aborted;
          return undefined;
        }),
      ],
      soon(),
    );
    expect(outcomes(done)).toEqual(["power-off done"]);
    expect(aborted).toBe(false);
  });

  test("that came before the pass leaves only the teardown", async () => {
    const done = await run([step("power-on", "essential"), step("power-off", "teardown")], AbortSignal.abort());
    expect(outcomes(done)).toEqual(["power-on skipped", "power-off done"]);
    expect(done.broken).toBe("interrupted");
  });

  test("is not held up by a phase that does not listen", async () => {
    const done = await run([step("settle", "essential", deaf), step("power-off", "teardown")], soon(), 0.02);
    expect(outcomes(done)).toEqual(["settle interrupted", "power-off done"]);
  });

  test("after which a phase still came to its end leaves that phase done", async () => {
    const done = await run(
      [step("migrate", "instrument", async () => void (await sleep(60))), step("migrate-back", "instrument")],
      soon(),
    );
    expect(outcomes(done)).toEqual(["migrate done", "migrate-back skipped"]);
    expect(done.broken).toBe("interrupted");
  });
});

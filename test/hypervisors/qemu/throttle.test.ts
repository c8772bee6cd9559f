import { describe, expect, test } from "vitest";
import type { Migration } from "../../../src/hypervisors/qemu/migration.ts";
import { preparedFor } from "../../../src/hypervisors/qemu/prepared.ts";
import { letLoose, letLooseParameters } from "../../../src/hypervisors/qemu/throttle.ts";

const DEFAULTS = {
  capabilities: {},
  parameters: {
    "throttle-trigger-threshold": 50,
    "cpu-throttle-initial": 20,
    "cpu-throttle-increment": 10,
    "max-cpu-throttle": 99,
  },
};

test("before the deadline auto-converge is on and held back, whatever the plan says of it", () => {
  const { settings, overrides } = preparedFor({ settings: { autoConverge: { initial: 0.5 } }, atDeadline: "throttle" });
  expect(settings.autoConverge).toEqual({});
  expect(overrides).toMatchObject({ "cpu-throttle-initial": 1, "max-cpu-throttle": 1 });
  expect(preparedFor({ settings: {}, atDeadline: "cancel" })).toEqual({ settings: {}, overrides: {} });
});

test("from the deadline on it is as the plan says, or as QEMU has it by default", () => {
  expect(letLooseParameters({ autoConverge: { initial: 0.3 } }, DEFAULTS)).toEqual({
    ...DEFAULTS.parameters,
    "cpu-throttle-initial": 30,
  });
});

describe("letting it loose", () => {
  /** A QEMU that keeps its parameters, at a throttle of `percent`. */
  function running(percent: number) {
    const sent: object[] = [];
    let step = (): void => {};
    const watch = {
      latest: { throttle: percent / 100 },
      isOver: false,
      waitFor: (condition: () => boolean) =>
        new Promise((resolve) => {
          step = () => condition() && resolve("met");
        }),
    };
    const qmp = {
      execute: async (command: string, args: object) => {
        if (command === "migrate-set-parameters") sent.push(args);
        return Object.assign({}, ...sent);
      },
    };
    const migration = { source: { role: "source", qmp }, watch, request: { settings: {} }, defaults: DEFAULTS };
    const reaches = async (share: number): Promise<void> => {
      watch.latest.throttle = share;
      step();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { migration: migration as unknown as Migration, sent, reaches };
  }

  test("begins at the initial share when nothing was throttled yet", async () => {
    const { migration, sent } = running(0);
    await letLoose(migration);
    expect(sent).toEqual([DEFAULTS.parameters]);
  });

  test("leads from 1 % to the initial share in one step, and only then on by increments", async () => {
    const { migration, sent, reaches } = running(1);
    const rows = await letLoose(migration);
    expect(sent).toEqual([{ ...DEFAULTS.parameters, "cpu-throttle-increment": 19 }]);
    await reaches(0.1);
    expect(sent).toHaveLength(1);
    await reaches(0.2);
    expect(sent[1]).toEqual({ "cpu-throttle-increment": 10 });
    expect(rows.map(({ name, effective }) => [name, effective])).toEqual([
      ["atDeadline.autoConverge.initial", 0.2],
      ["atDeadline.autoConverge.increment", 0.1],
      ["atDeadline.autoConverge.maximum", 0.99],
    ]);
  });
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FakeWorld } from "./fake-world.ts";

const manifestOf = (world: FakeWorld): { trials: { id: string; status: string }[] } =>
  JSON.parse(readFileSync(join(world.runDirectory, "manifest.json"), "utf8"));

test("after a VM was lost the next pass and the next trial begin with a VM of their own", async () => {
  using world = new FakeWorld();
  world.fates.push("lost", "lost");
  const { flawless, status } = await world.run([{ name: "a" }, { name: "b" }]);
  expect({ flawless, status }).toEqual({ flawless: false, status: "failed" });
  expect(manifestOf(world).trials).toMatchObject([
    { id: "001-a", status: "failed" },
    { id: "002-b", status: "completed" },
  ]);
  const pass = ["power-on", "migrate lost", "power-off"];
  const whole = ["power-on", "migrate completed", "migrate completed", "power-off"];
  expect(world.log).toEqual([...pass, ...pass, ...whole, ...whole]);
});

test("what the driver cannot do is refused by name, all of it at once, before anything is started or written", async () => {
  using world = new FakeWorld();
  world.migrations = ["memory"];
  world.deadlineActions = ["cancel", "pause"];
  const running = world.run([
    { name: "fine" },
    { name: "moved", migration: "storage" },
    { name: "late", atDeadline: "cold" },
    { name: "made", disk: { format: "qcow2", allocation: "preallocated", storage: "nas" } },
  ]);
  const error: unknown = await running.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "SETTING_UNSUPPORTED" });
  const { message } = error as Error;
  expect(message.split("\n")).toEqual([
    'scenario "moved": fake cannot do `migration: storage`; it can do: memory',
    'scenario "late": fake cannot do `atDeadline: cold`; it can do: cancel, pause',
    'scenario "made": fake cannot do `disk.format: qcow2`; it can do: raw',
    'scenario "made": fake cannot do `disk.allocation: preallocated`; it can do: sparse',
    'scenario "made": fake cannot do `disk.storage: nas`; it can do: none',
  ]);
  expect(world.log).toEqual([]);
  expect(existsSync(world.runDirectory)).toBe(false);
});

test("a driver that knows of disks is held to what it says", async () => {
  using world = new FakeWorld();
  world.migrations = ["storage-incremental"];
  world.capabilities = { disks: { formats: ["raw", "qcow2"], allocations: ["sparse"], storages: ["nas"] } };
  await expect(
    world.run([
      { name: "a", migration: "storage-incremental", disk: { format: "qcow2", storage: "nas", to: "attic" } },
    ]),
  ).rejects.toThrow(/^scenario "a": fake cannot put an old copy.*\n.*`disk.to: attic`; it can do: nas$/u);
});

test("data that cannot fit on the disk beside the swap is refused before anything is started", async () => {
  using world = new FakeWorld();
  const scenario = { name: "a", vm: { disk: "1GiB", swap: "512MiB" }, disk: { data: "600MiB" } };
  await expect(world.run([scenario])).rejects.toMatchObject({ code: "CONFIG_INVALID", where: "scenario a" });
  expect(world.log).toEqual([]);
});

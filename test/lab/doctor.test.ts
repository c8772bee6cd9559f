import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Ability, findAbilities } from "../../src/lab/abilities.ts";
import { Room } from "./support/room.ts";

let room: Room;
let abilities: Ability[];
beforeAll(async () => {
  room = new Room();
  abilities = await findAbilities();
});
afterAll(() => room[Symbol.asyncDispose]());

const ability = (name: string): Ability => abilities.find((one) => one.name === name)!;

test("all that a lab needs is here, proven by a lab that came up", () => {
  expect(abilities.filter(({ ok, required }) => required && !ok)).toEqual([]);
  expect(ability("lab with SNMP agent").detail).toMatch(/came up/u);
});

test("the trial leaves nothing behind", () => {
  expect(readdirSync(room.state)).toEqual([]);
});

test("everything that a machine may lack is asked for", () => {
  expect(abilities.map((one) => one.name)).toEqual([
    "node",
    "packages",
    "namespaces",
    "/dev/net/tun",
    "disk space",
    "prober",
    "guest image",
    "lab with SNMP agent",
    "without root",
    "lab with libvirt",
    "KVM",
    "netem",
    "real-time priority",
    "post-copy (userfaultfd)",
  ]);
});

test("a guest image that cannot be built is a finding, not a crash", async () => {
  const cache = process.env.MIGRASCOPE_CACHE;
  // A file where a directory should be: nothing can be cached there.
  process.env.MIGRASCOPE_CACHE = join(import.meta.dirname, "doctor.test.ts");
  try {
    const found = await findAbilities();
    expect(found.find((one) => one.name === "guest image")).toMatchObject({ ok: false, required: true });
    expect(found.find((one) => one.name === "KVM")!.detail).toMatch(/not tried without a guest image/u);
  } finally {
    if (cache === undefined) delete process.env.MIGRASCOPE_CACHE;
    else process.env.MIGRASCOPE_CACHE = cache;
  }
});

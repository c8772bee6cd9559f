import { expect, test } from "vitest";
import type { AgentRecord, GuestClock } from "../../src/model/agent.ts";
import { duringMigration } from "../../src/trial/guest-work.ts";

/** The guest's clock is 100 s ahead of ours; ours shows 50 s when the migration begins. */
const OFFSET = 100;
const at = (seconds: number) => ({ mono: Math.round(seconds * 1e6), wall: Math.round((seconds + 1000) * 1e6) });
const migration = { from: at(50), to: at(54) };
const clocks: GuestClock[] = [
  { at: at(49), moment: "before", offset: OFFSET, wallOffset: OFFSET, uncertainty: 1e-3 },
  { at: at(55), moment: "after", offset: OFFSET - 1, wallOffset: OFFSET - 1, uncertainty: 1e-3 },
];

const memory = (ours: number, available: number): AgentRecord => ({
  record: "memory",
  at: at(ours + OFFSET),
  total: 1000,
  available,
  swapTotal: 0,
  swapFree: 0,
  committed: 10,
});
const lane = (number: number, kind: string): AgentRecord => ({
  record: "lane",
  lane: number,
  kind,
  unit: "page",
  unitBytes: 4096,
  operation: 1,
  requested: 400,
  touched: 300,
  distinct: "exact",
});
const end = (number: number, ours: number): AgentRecord => ({
  record: "end",
  lane: number,
  at: at(ours + OFFSET),
  how: "stopped",
  done: 1,
  operations: 1,
  stale: 0,
  user: 0,
  system: 0,
});

test("the guest's memory during the migration is the last sample within it, at its time on our clock", () => {
  const records = [
    lane(0, "memory-write"),
    end(0, 60),
    memory(49.5, 900),
    memory(51, 800),
    memory(53, 700),
    memory(55, 1),
  ];
  const [guest, agent] = duringMigration(records, clocks, migration);
  expect(guest).toMatchObject({ at: at(53), source: "guest", memory: { used: 300 } });
  expect(agent).toMatchObject({ at: at(53), source: "agent", memory: { requested: 400, dirtied: 300 } });
});

test("a workload that had ended holds nothing any more", () => {
  const records = [lane(0, "memory-write"), end(0, 51), lane(1, "memory-read"), end(1, 60), memory(53, 700)];
  expect(duringMigration(records, clocks, migration)[1]!.memory).toEqual({ requested: 400 });
});

test("nothing is said of a migration that fell between two samples, or of a guest whose clock was not compared", () => {
  expect(duringMigration([memory(49, 1), memory(55, 1)], clocks, migration)).toEqual([]);
  expect(duringMigration([memory(52, 1)], clocks.slice(1), migration)).toEqual([]);
});

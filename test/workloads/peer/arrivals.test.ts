import fc from "fast-check";
import { expect, test } from "vitest";
import { Arrivals, type Finding, REMEMBERED } from "../../../src/workloads/peer/arrivals.ts";

function take(arrivals: Arrivals, ...sequences: number[]): (Finding | undefined)[] {
  return sequences.map((sequence) => arrivals.take(sequence));
}

test("a gap is lost until what is in it comes", () => {
  const arrivals = new Arrivals();
  expect(take(arrivals, 0, 1, 2)).toEqual([undefined, undefined, undefined]);
  expect(take(arrivals, 7, 5, 5, 7, 3, 8)).toEqual([
    { kind: "lost", sequence: 3, count: 4 },
    { kind: "reordered", sequence: 5, count: 1 },
    { kind: "duplicate", sequence: 5, count: 1 },
    { kind: "duplicate", sequence: 7, count: 1 },
    { kind: "reordered", sequence: 3, count: 1 },
    undefined,
  ]);
});

test("the first may be lost too, and the last, of which the sender tells", () => {
  const arrivals = new Arrivals();
  expect(take(arrivals, 2)).toEqual([{ kind: "lost", sequence: 0, count: 2 }]);
  expect(arrivals.end(5)).toEqual({ kind: "lost", sequence: 3, count: 2 });
  expect(arrivals.end(5)).toBeUndefined();
  expect(take(arrivals, 4)).toEqual([{ kind: "reordered", sequence: 4, count: 1 }]);
});

test("what is older than the memory takes no loss back", () => {
  const arrivals = new Arrivals();
  take(arrivals, 0, 2);
  for (let sequence = 3; sequence <= REMEMBERED; sequence++) arrivals.take(sequence);
  // In the memory, number 1 has the place of this one, which has not come either.
  expect(take(arrivals, REMEMBERED + 2)).toEqual([{ kind: "lost", sequence: REMEMBERED + 1, count: 1 }]);
  expect(take(arrivals, 1)).toEqual([{ kind: "duplicate", sequence: 1, count: 1 }]);
  expect(take(arrivals, REMEMBERED + 1)).toEqual([{ kind: "reordered", sequence: REMEMBERED + 1, count: 1 }]);
});

test("a gap beyond the memory forgets all", () => {
  const arrivals = new Arrivals();
  for (let sequence = 0; sequence < 10; sequence++) arrivals.take(sequence);
  expect(take(arrivals, 10 * REMEMBERED, 9 * REMEMBERED + 5, 5)).toEqual([
    { kind: "lost", sequence: 10, count: 10 * REMEMBERED - 10 },
    { kind: "reordered", sequence: 9 * REMEMBERED + 5, count: 1 },
    { kind: "duplicate", sequence: 5, count: 1 },
  ]);
});

test("lost less reordered is what never came, whatever came in whichever order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 })), fc.integer({ min: 61, max: 80 }), (sequences, sent) => {
      const arrivals = new Arrivals();
      const findings = [...sequences.map((sequence) => arrivals.take(sequence)), arrivals.end(sent)];
      const count = (kind: Finding["kind"]): number =>
        findings.reduce((sum, finding) => sum + (finding?.kind === kind ? finding.count : 0), 0);
      const different = new Set(sequences).size;
      expect(count("lost") - count("reordered")).toBe(sent - different);
      expect(count("duplicate")).toBe(sequences.length - different);
    }),
  );
});

import { expect, test } from "vitest";
import { systemClock } from "../../src/model/time.ts";

test("the wall clock agrees with the system's to the millisecond that the system tells, again and again", () => {
  let disagreements = 0;
  for (let i = 0; i < 20_000; i++) {
    const before = Date.now();
    const { wall } = systemClock();
    const after = Date.now();
    if (wall < before * 1000 - 50 || wall > (after + 1) * 1000 + 50) disagreements += 1;
  }
  // A process that is preempted between two readings may disagree now and then.
  expect(disagreements).toBeLessThan(20);
});

test("the monotonic clock never goes back", () => {
  let last = 0;
  for (let i = 0; i < 10_000; i++) {
    const { mono } = systemClock();
    expect(mono).toBeGreaterThanOrEqual(last);
    last = mono;
  }
});

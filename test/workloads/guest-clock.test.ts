import { expect, test } from "vitest";
import { type Instant, systemClock } from "../../src/model/time.ts";
import { localMachine } from "../../src/remote/local.ts";
import { agentBinary } from "../../src/workloads/binary.ts";
import { compareClocks } from "../../src/workloads/guest-clock.ts";

/** Seconds by which our own reading of the wall clock may be wrong: src/model/time.ts. */
const OURS = 50e-6;

test("clocks that are the same ones differ by no more than the uncertainty", async () => {
  const before = systemClock();
  const compared = await compareClocks(localMachine(), await agentBinary(), "before", systemClock);
  const after = systemClock();
  expect(compared.moment).toBe("before");
  expect(compared.at.mono).toBeGreaterThanOrEqual(before.mono);
  expect(compared.at.mono).toBeLessThanOrEqual(after.mono);
  expect(compared.uncertainty).toBeGreaterThan(0);
  expect(Math.abs(compared.offset)).toBeLessThanOrEqual(compared.uncertainty);
  expect(Math.abs(compared.wallOffset)).toBeLessThanOrEqual(compared.uncertainty + OURS);
});

test("an offset is the guest's clock minus ours", async () => {
  const shifted = (): Instant => {
    const { wall, mono } = systemClock();
    return { wall: wall - 7_000_000, mono: mono + 3_000_000 };
  };
  const { offset, wallOffset, uncertainty } = await compareClocks(localMachine(), await agentBinary(), "end", shifted);
  expect(Math.abs(offset + 3)).toBeLessThanOrEqual(uncertainty);
  expect(Math.abs(wallOffset - 7)).toBeLessThanOrEqual(uncertainty + OURS);
});

test("what does not answer is an error that says so, not a clock", async () => {
  await expect(compareClocks(localMachine("guest"), "/bin/false", "started", systemClock)).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    where: "guest",
    message: expect.stringContaining("the guest's clock cannot be read"),
  });
});

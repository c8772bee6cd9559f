import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { MIB, pairsForTests } from "./pair.ts";

const COUNT = "/proc/sys/vm/nr_hugepages";
const before = readFileSync(COUNT, "utf8").trim();
/** Two VMs of 96 MiB in pages of 2 MiB, and what somebody else may have. */
const NEEDED = Number(before) + 96;

/** Whether this machine gives us so many. It takes root, and memory that is not in pieces. */
function reserve(count: number): boolean {
  try {
    writeFileSync(COUNT, String(count));
    return Number(readFileSync(COUNT, "utf8")) >= count;
  } catch {
    return false;
  }
}
const given = reserve(NEEDED);
const { poweredOn, poweredOff } = pairsForTests();
afterAll(() => void reserve(Number(before)));

describe("a VM in huge pages", () => {
  test.runIf(given)("migrates, before and after post-copy, and its memory is counted", async () => {
    const pair = await poweredOn({ vm: { hugePages: true }, dirtied: 32 * MIB });
    const { memory } = await pair.driver.statistics();
    expect(memory.allocated).toBeGreaterThan(32 * MIB);
    const outcome = await pair.migrate("source", { downtimeLimit: "500ms" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    for (const host of ["source", "destination"])
      expect(outcome.settings).toContainEqual({
        name: "hugePages",
        native: "memory-backend-memfd.hugetlb",
        host,
        asked: true,
        effective: true,
      });
    await pair.livesOn("destination");
    const back = { postCopy: { afterRound: 0 }, downtimeLimit: "1ms" };
    expect(await pair.migrate("destination", back)).toMatchObject({ status: "completed", runsOn: "source" });
    await pair.livesOn("source");
  });

  test("is refused when the host has too few of them free, before anything is started", async () => {
    const pair = poweredOff({ vm: { hugePages: true, memory: "1TiB" } });
    await expect(pair.powerOn()).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      where: "source",
      message: expect.stringContaining("too few free huge pages"),
    });
    expect(pair.processes()).toEqual([]);
  });
});

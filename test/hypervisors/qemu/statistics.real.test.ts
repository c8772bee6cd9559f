import { expect, test } from "vitest";
import { StatisticsSample } from "../../../src/model/host.ts";
import { eventOf, MIB, pairsForTests, SLOW, watched } from "./pair.ts";

const { poweredOn } = pairsForTests();

test("memory and disk can be asked for in the middle of a migration, of the source, which goes on as before", async () => {
  const pair = await poweredOn({ dirtied: 32 * MIB });
  const asked: Promise<StatisticsSample>[] = [];
  let samples = 0;
  const observer = watched(({ status }) => {
    if (status === "active" && ++samples % 8 === 0) asked.push(pair.driver.statistics());
  });
  const outcome = await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, { deadline: 5, observer });
  expect(outcome).toMatchObject({ status: "timeout", runsOn: "source" });

  const [begun, ended] = [eventOf(observer.events, "command").observed.mono, observer.samples.at(-1)!.at.mono];
  const sampled = await Promise.all(asked);
  expect(sampled.length).toBeGreaterThan(5);
  for (const sample of sampled) {
    const { at, source, memory, disk } = StatisticsSample.parse(sample);
    expect(source).toBe("hypervisor");
    expect(at.mono).toBeGreaterThan(begun);
    expect(at.mono).toBeLessThan(ended);
    expect(memory.configured).toBe(96 * MIB);
    // The source's: the destination's memory has hardly begun to fill, and is not asked.
    expect(memory.allocated).toBeGreaterThan(32 * MIB);
    expect(memory.allocated).toBeLessThan(97 * MIB);
    expect(disk.virtualSize).toBe(64 * MIB);
  }
  // The migration was watched about as closely as without the questions, of which a pass asks one and not dozens.
  const undisturbed = watched();
  await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, { deadline: 5, observer: undisturbed });
  expect(observer.samples.length / undisturbed.samples.length).toBeGreaterThan(0.5);
  await pair.livesOn("source");
});

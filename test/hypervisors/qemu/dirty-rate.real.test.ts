import { describe, expect, test } from "vitest";
import { DirtyRateReading } from "../../../src/model/artifacts.ts";
import { MIB, pairsForTests, SLOW, watched } from "./pair.ts";

const { poweredOff, poweredOn } = pairsForTests();
const never = new AbortController().signal;

describe("QEMU's own dirty rate", () => {
  test.each([4, 32, 64])(
    "of a guest that writes to %i MiB for ever is that set over the time, within the resolution",
    async (set) => {
      const pair = await poweredOn({ dirtied: set * MIB });
      const allocated = (await pair.driver.statistics()).memory.allocated;
      for (const seconds of [1, 2]) {
        const reading = DirtyRateReading.parse(await pair.driver.capabilities.dirtyRate!.measure(seconds, never));
        expect(reading).toMatchObject({ how: "page-sampling", host: "source", seconds });
        expect(Math.abs(reading.bytesPerSecond - (set * MIB) / seconds)).toBeLessThanOrEqual(reading.resolution);
        // The bound says something: an error of the whole set would not pass for a large one.
        if (set > 4) expect(reading.resolution).toBeLessThan((set * MIB) / seconds / 3);
        expect((reading.end.mono - reading.start.mono) / 1e6).toBeGreaterThanOrEqual(seconds);
      }
      // Looking at pages gives the VM no memory.
      expect((await pair.driver.statistics()).memory.allocated).toBe(allocated);
      await pair.livesOn("source");
    },
  );

  test("is measured where the VM is after a migration, and not while one runs", async () => {
    const pair = await poweredOn({ dirtied: 32 * MIB });
    const { measure } = pair.driver.capabilities.dirtyRate!;
    let refused: Promise<unknown> | undefined;
    const observer = watched(() => {
      refused ??= measure(1, never).then(
        () => "measured",
        (error: unknown) => error,
      );
    });
    await pair.migrate("source", { bandwidth: SLOW, downtimeLimit: "1ms" }, { deadline: 2, observer });
    expect(await refused).toMatchObject({
      code: "HYPERVISOR_REFUSED",
      message: expect.stringMatching(/nothing migrates/u),
    });
    await pair.migrate("source", { downtimeLimit: "2s" });
    expect(await measure(1, never)).toMatchObject({ host: "destination" });
  });

  test("can be given up, needs a VM, and is refused in QEMU's words beyond its range", async () => {
    const off = poweredOff();
    await expect(off.driver.capabilities.dirtyRate!.measure(1, never)).rejects.toMatchObject({
      code: "HYPERVISOR_REFUSED",
    });
    const pair = await poweredOn();
    const { measure } = pair.driver.capabilities.dirtyRate!;
    await expect(measure(61, never)).rejects.toMatchObject({
      code: "HYPERVISOR_REFUSED",
      message: expect.stringMatching(/out of range/u),
    });
    const giveUp = new AbortController();
    const measuring = measure(30, giveUp.signal);
    setTimeout(() => giveUp.abort(), 300);
    await expect(measuring).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(measure(1, never)).rejects.toThrow(/already being measured/u);
    await pair.livesOn("source");
  });
});

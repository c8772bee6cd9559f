import { describe, expect, test } from "vitest";
import { measureDirtyRate, methodFor, requestOf, resolutionOf } from "../../../src/hypervisors/qemu/dirty-rate.ts";
import type { Json, JsonObject } from "../../../src/hypervisors/qemu/qmp/messages.ts";
import { DirtyRateReading } from "../../../src/model/artifacts.ts";

const MIB = 2 ** 20;

describe("the method", () => {
  test("is the dirty bitmap under KVM only: an emulated guest's is not counted, and QEMU 7.2 dies of the question", () => {
    expect(methodFor("kvm", "7.2.22")).toBe("dirty-bitmap");
    expect(methodFor("kvm", "10.0.0")).toBe("dirty-bitmap");
    expect(methodFor("kvm", "6.1.0")).toBe("page-sampling");
    for (const version of ["6.1.0", "7.2.22", "9.1.0", "11.0.0"])
      expect(methodFor("tcg", version)).toBe("page-sampling");
  });

  test("is refused by name where QEMU has none that would do", () => {
    expect(() => methodFor("kvm", "6.0.9")).toThrow(/QEMU 6\.0\.9 .* QEMU 6\.1 is the first version/u);
  });

  test("is asked for with the most sample pages, and in milliseconds where QEMU knows them", () => {
    const sampling = { mode: "page-sampling", "sample-pages": 16384 };
    expect(requestOf("page-sampling", "7.2.22", 2.4)).toEqual({ ...sampling, "calc-time": 2 });
    expect(requestOf("page-sampling", "8.2.0", 2.4)).toEqual({
      ...sampling,
      "calc-time": 2400,
      "calc-time-unit": "millisecond",
    });
    expect(requestOf("dirty-bitmap", "7.2.22", 1)).toEqual({ mode: "dirty-bitmap", "calc-time": 1 });
  });
});

describe("the resolution", () => {
  const sampled = (told: number, memory: number, seconds = 1): number =>
    resolutionOf({ method: "page-sampling", told, seconds, memory }) / MIB;

  test("of a sample is a step and three standard errors of a binomial share", () => {
    // A VM of 1 GiB has 16384 draws; half of it dirtied: 1024 MiB × √(¼ / 16384) = 4 MiB.
    expect(sampled(512, 1024 * MIB)).toBeCloseTo(1 + 3 * 4, 6);
    // The share is what was dirtied over the whole time; the error is spread over it too.
    expect(sampled(51, 1024 * MIB, 10)).toBeCloseTo(1 + (3 * 4) / 10, 2);
    // Told 64 of 96 MiB, so at least 2/3 of it: 96 × √(2/9 / 1536).
    expect(sampled(64, 96 * MIB)).toBeCloseTo(1 + 3 * 96 * Math.sqrt(2 / 9 / 1536), 6);
  });

  test("of nothing seen is not as if nothing was there, nor of everything", () => {
    expect(sampled(0, 1024 * MIB)).toBeGreaterThan(1.5);
    expect(sampled(1023, 1024 * MIB)).toBeGreaterThan(1.5);
  });

  test("of the dirty bitmap is what QEMU cuts off", () => {
    const whole = { method: "dirty-bitmap", told: 7, memory: 1024 * MIB } as const;
    expect(resolutionOf({ ...whole, seconds: 1 })).toBe(2 * MIB);
    expect(resolutionOf({ ...whole, seconds: 4 })).toBe(1.25 * MIB);
  });
});

/** A QEMU that answers `query-dirty-rate` with each of these in turn. */
function qemu(...answers: JsonObject[]) {
  const asked: string[] = [];
  let now = 0;
  const execute = async (command: string): Promise<Json> => {
    asked.push(command);
    now += 400_000;
    if (command === "query-memory-size-summary") return { "base-memory": 96 * MIB, "plugged-memory": 32 * MIB };
    return command === "query-dirty-rate" ? answers.shift()! : {};
  };
  const request = (accelerator: "kvm" | "tcg", version: string, signal = new AbortController().signal) =>
    measureDirtyRate({
      instance: { role: "source", qmp: { execute } },
      accelerator,
      version,
      seconds: 1,
      clock: () => ({ wall: now, mono: now }),
      signal,
    });
  return { asked, request };
}
const done = { status: "measured", "dirty-rate": 12, "calc-time": 1, mode: "page-sampling", "sample-pages": 16384 };

describe("a measurement", () => {
  test("lasts until QEMU has measured, which does not begin at once, and is told in bytes of whole MiB", async () => {
    const { asked, request } = qemu({ status: "unstarted" }, { status: "measuring" }, done);
    const reading = DirtyRateReading.parse(await request("tcg", "7.2.22"));
    expect(reading).toMatchObject({ how: "page-sampling", bytesPerSecond: 12 * MIB, seconds: 1, host: "source" });
    expect(reading.resolution).toBe(resolutionOf({ method: "page-sampling", told: 12, seconds: 1, memory: 128 * MIB }));
    expect([reading.start.mono, reading.end.mono]).toEqual([400_000, 2_000_000]);
    expect(asked.slice(1)).toEqual(["calc-dirty-rate", ...Array(3).fill("query-dirty-rate")]);
  });

  test("lasted as long as QEMU says, in the unit that it was asked for", async () => {
    const { request } = qemu({ ...done, mode: "dirty-bitmap", "calc-time": 1013 });
    expect(await request("kvm", "9.0.0")).toMatchObject({ how: "dirty-bitmap", seconds: 1.013 });
  });

  test("is refused when QEMU has no figure, or one by another method: never zero", async () => {
    for (const answer of [
      { ...done, "dirty-rate": -1 },
      { status: "measured", mode: "page-sampling", "calc-time": 1 },
      { ...done, mode: "dirty-ring" },
    ]) {
      await expect(qemu(answer).request("tcg", "7.2.22")).rejects.toMatchObject({ code: "HYPERVISOR_REFUSED" });
    }
  });

  test("does not wait for ever", async () => {
    const { request } = qemu(...Array(200).fill({ status: "measuring" }));
    await expect(request("tcg", "7.2.22")).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });
});

import { describe, expect, test } from "vitest";
import { MIB, pairsForTests, SLOW, watched } from "./pair.ts";

const { poweredOn } = pairsForTests();

describe("settings are read back from both hosts:", () => {
  test("bandwidth and downtime limit in our units, everything else of QEMU's beside them", async () => {
    const pair = await poweredOn();
    const { settings } = await pair.migrate("source", { bandwidth: "800Mb/s", downtimeLimit: "400ms" });
    for (const host of ["source", "destination"]) {
      const here = settings.filter((setting) => setting.host === host);
      expect(here).toContainEqual({
        name: "bandwidth",
        native: "max-bandwidth",
        host,
        asked: 8e8,
        effective: 8e8,
        unit: "b/s",
      });
      expect(here).toContainEqual({
        name: "downtimeLimit",
        native: "downtime-limit",
        host,
        asked: 0.4,
        effective: 0.4,
        unit: "s",
      });
      expect(here).toContainEqual({ name: "events", native: "events", host, effective: true });
      expect(here).toContainEqual({ name: "xbzrle", native: "xbzrle", host, effective: false });
    }
    expect(await pair.driver.effectiveSettings("destination")).toContainEqual(
      expect.objectContaining({ name: "bandwidth", effective: 8e8 }),
    );
  });

  test.each(["zlib", "zstd"])("multifd with %s", async (compression) => {
    const pair = await poweredOn();
    const outcome = await pair.migrate("source", { multifd: { channels: 3, compression }, downtimeLimit: "500ms" });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    for (const host of ["source", "destination"]) {
      for (const [name, value] of [
        ["multifd", true],
        ["multifd.channels", 3],
        ["multifd.compression", compression],
      ]) {
        expect(outcome.settings).toContainEqual(
          expect.objectContaining({ host, name, asked: value, effective: value }),
        );
      }
    }
  });

  test("xbzrle, whose cache QEMU takes only as a power of two", async () => {
    const pair = await poweredOn();
    const { status, settings } = await pair.migrate("source", { xbzrle: { cache: "20MB" }, downtimeLimit: "500ms" });
    expect(status).toBe("completed");
    expect(settings).toContainEqual(expect.objectContaining({ name: "xbzrle", asked: true, effective: true }));
    expect(settings).toContainEqual(
      expect.objectContaining({ name: "xbzrle.cache", asked: 20e6, effective: 16 * MIB, unit: "B" }),
    );
  });

  test("auto-converge slows the vCPUs until a migration ends that would not", async () => {
    const pair = await poweredOn({ dirtied: 8 * MIB });
    const settings = { bandwidth: "64MiB/s", downtimeLimit: "50ms" };
    const observer = watched();
    const autoConverge = { initial: "98%", increment: "1%", maximum: "99%" };
    const outcome = await pair.migrate("source", { ...settings, autoConverge }, { observer, deadline: 90 });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(observer.samples.some((sample) => (sample.throttle ?? 0) >= 0.98)).toBe(true);
    expect(outcome.settings).toContainEqual(
      expect.objectContaining({ name: "autoConverge.maximum", asked: 0.99, effective: 0.99, unit: "share" }),
    );
  });

  test("what an earlier migration set is back at QEMU's default", async () => {
    const pair = await poweredOn();
    const earlier = { bandwidth: SLOW, autoConverge: {}, xbzrle: { cache: "1MiB" } };
    await pair.migrate("source", earlier, { deadline: 0.5 });
    const { settings } = await pair.migrate("source", { downtimeLimit: "500ms" });
    const now = Object.fromEntries(settings.map(({ host, name, effective }) => [`${host} ${name}`, effective]));
    expect(now).toMatchObject({
      "source bandwidth": 128 * MIB * 8,
      "source autoConverge": false,
      "source xbzrle": false,
      "source xbzrle.cache": 64 * MIB,
    });
  });

  test("what this version lacks is refused by name, before anything is migrated", async () => {
    const pair = await poweredOn();
    await expect(pair.migrate("source", { multifd: { compression: "qatzip" } })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      where: "source",
      message: expect.stringMatching(
        /^QEMU \d.*multifd\.compression qatzip.*(QEMU 9\.2 is the first|was built with qatzip)/u,
      ),
    });
    expect(pair.processes()).toHaveLength(1);
    await pair.livesOn("source");
  });

  test("a combination that QEMU refuses is refused in its words, before anything is migrated", async () => {
    const pair = await poweredOn();
    await expect(pair.migrate("source", { downtimeLimit: "5000s" })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      message: expect.stringContaining("downtimeLimit"),
    });
    expect(pair.processes()).toHaveLength(1);
    expect(await pair.migrate("source", { downtimeLimit: "500ms" })).toMatchObject({ status: "completed" });
  });
});

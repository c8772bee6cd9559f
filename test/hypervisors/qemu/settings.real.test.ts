import { describe, expect, test } from "vitest";
import { eventOf, kinds, MIB, pairsForTests, SLOW, watched } from "./pair.ts";

const { poweredOff, poweredOn } = pairsForTests();

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

  test("multifd without copying; nothing of it is left for the next migration", async () => {
    const pair = await poweredOn();
    const zeroCopy = await pair.migrate("source", { multifd: { channels: 2 }, zeroCopy: true, downtimeLimit: "500ms" });
    expect(zeroCopy).toMatchObject({ status: "completed", runsOn: "destination" });
    const row = { name: "zeroCopy", native: "zero-copy-send", host: "destination", asked: true, effective: true };
    expect(zeroCopy.settings).toContainEqual(row);
    const multifd = { compression: "zstd" };
    // QEMU would refuse compression as long as zero-copy-send were on.
    expect(await pair.migrate("destination", { multifd, downtimeLimit: "500ms" })).toMatchObject({
      status: "completed",
    });
    await expect(pair.migrate("source", { multifd, zeroCopy: true })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
      message: expect.stringMatching(/zeroCopy.*Zero copy only available/u),
    });
  });

  test("a level of compression, which QEMU has, or ignores and is then refused by name", async () => {
    const pair = await poweredOn();
    const multifd = { compression: "zstd", level: 12 };
    const outcome = await pair.migrate("source", { multifd, downtimeLimit: "500ms" }).catch((error: unknown) => error);
    const { version } = await pair.driver.describe("source");
    if (Number.parseFloat(version) < 9) {
      const message = expect.stringMatching(/multifd-zstd-level=12 without a word and keeps 1: QEMU 9\.1/u);
      expect(outcome).toMatchObject({ code: "SETTING_UNSUPPORTED", message });
      await pair.livesOn("source");
    } else {
      expect(outcome).toMatchObject({
        status: "completed",
        settings: expect.arrayContaining([
          expect.objectContaining({ name: "multifd.level", asked: 12, effective: 12 }),
        ]),
      });
    }
  });

  test("the family of the connection", async () => {
    const pair = await poweredOn({ destination: { migrationAddress: { ipv4: "127.0.0.1", ipv6: "::1" } } });
    const outcome = await pair.migrate("source", { downtimeLimit: "500ms" });
    expect(outcome.settings).toContainEqual(expect.objectContaining({ name: "family", effective: "ipv4" }));
    await expect(pair.migrate("destination", { family: "ipv6" })).rejects.toMatchObject({
      code: "SETTING_UNSUPPORTED",
    });
    const six = { migrationAddress: { ipv4: "127.0.0.1", ipv6: "::1" } };
    const both = await poweredOn({ source: six, destination: six });
    const { status, settings } = await both.migrate("source", { family: "ipv6", downtimeLimit: "500ms" });
    expect(status).toBe("completed");
    expect(settings).toContainEqual(expect.objectContaining({ name: "family", asked: "ipv6", effective: "ipv6" }));
    expect(both.file("qmp-source.jsonl")).toContain("tcp:[::1]:");
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

  test("what is told to powerOn is refused before anything is started", async () => {
    const pair = poweredOff();
    const refused = pair.powerOn("source", { multifd: { compression: "qatzip" } });
    await expect(refused).rejects.toMatchObject({ code: "SETTING_UNSUPPORTED" });
    expect(pair.processes()).toEqual([]);
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

describe("on the way a migration can be", () => {
  test("paused after a round, and the VM runs on the destination", async () => {
    const pair = await poweredOn();
    const observer = watched();
    const settings = { bandwidth: "64MiB/s", downtimeLimit: "1ms", pause: { afterRound: 2 } };
    const outcome = await pair.migrate("source", settings, { observer });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    expect(kinds(observer.events)).toEqual(["command source", "stop source", "completed source", "resume destination"]);
    const third = observer.events.find(({ round }) => round === 3)!;
    expect(eventOf(observer.events, "stop").observed.mono).toBeGreaterThan(third.observed.mono);
    await pair.livesOn("destination");
  });

  test.each([
    ["pause", { pause: { afterRound: 0 } }, "stop"],
    ["post-copy", { postCopy: { afterRound: 0 } }, "switch-to-post-copy"],
  ])("in %s from the start", async (_what, setting, kind) => {
    const pair = await poweredOn();
    const observer = watched();
    const outcome = await pair.migrate("source", { bandwidth: "64MiB/s", ...setting }, { observer });
    expect(outcome).toMatchObject({ status: "completed", runsOn: "destination" });
    const events = observer.events.filter((event) => event.kind === kind || event.round === 2);
    expect(events[0]!.kind).toBe(kind);
    await pair.livesOn("destination");
  });
});

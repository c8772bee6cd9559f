import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../src/hypervisors/qemu/abilities.ts";
import { compressionsIn } from "../../../src/hypervisors/qemu/abilities.ts";
import type { NativeSettings } from "../../../src/hypervisors/qemu/native.ts";
import { effective, refuseUnsupported, SETTINGS, toNative } from "../../../src/hypervisors/qemu/settings.ts";
import { compareVersions, SINCE, supportedBy } from "../../../src/hypervisors/qemu/versions.ts";
import { MigrationSettings } from "../../../src/model/settings.ts";

const DEFAULTS: NativeSettings = {
  capabilities: { events: false, xbzrle: false, "auto-converge": false, "postcopy-ram": false, multifd: false },
  parameters: {
    "max-bandwidth": 134217728,
    "max-postcopy-bandwidth": 0,
    "downtime-limit": 300,
    "cpu-throttle-initial": 20,
    "cpu-throttle-increment": 10,
    "max-cpu-throttle": 99,
    "xbzrle-cache-size": 67108864,
    "multifd-channels": 2,
    "multifd-compression": "none",
    "announce-initial": 50,
  },
};
const settings = (text: unknown): MigrationSettings => MigrationSettings.parse(text);

describe("settings in QEMU's terms", () => {
  test("nothing asked for is every default, and events", () => {
    const { "announce-initial": _untouched, ...parameters } = DEFAULTS.parameters;
    expect(toNative({}, DEFAULTS)).toEqual({ capabilities: { ...DEFAULTS.capabilities, events: true }, parameters });
  });

  test("everything asked for, in QEMU's units", () => {
    const asked = settings({
      bandwidth: "1Gb/s",
      downtimeLimit: "0.25s",
      autoConverge: { initial: "30%", increment: "7%", maximum: "80%" },
      postCopy: { afterRound: 2 },
      xbzrle: { cache: "100MB" },
      multifd: { channels: 8, compression: "zstd" },
    });
    expect(toNative(asked, DEFAULTS)).toEqual({
      capabilities: { events: true, xbzrle: true, "auto-converge": true, "postcopy-ram": true, multifd: true },
      parameters: {
        "max-bandwidth": 125_000_000,
        "max-postcopy-bandwidth": 125_000_000,
        "downtime-limit": 250,
        "cpu-throttle-initial": 30,
        "cpu-throttle-increment": 7,
        "max-cpu-throttle": 80,
        "xbzrle-cache-size": 64 * 2 ** 20,
        "multifd-channels": 8,
        "multifd-compression": "zstd",
      },
    });
  });

  test("what an old QEMU does not have is not set", () => {
    const old = { capabilities: { xbzrle: false, events: false }, parameters: { "downtime-limit": 300 } };
    expect(toNative({}, old)).toEqual({
      capabilities: { xbzrle: false, events: true },
      parameters: { "downtime-limit": 300 },
    });
  });

  test("reading back what was set gives what was asked, in the same unit", () => {
    const asked = settings({
      bandwidth: "97Mb/s",
      downtimeLimit: "35ms",
      autoConverge: { initial: "29%", increment: "55%" },
      xbzrle: { cache: "8MiB" },
    });
    const now = toNative(asked, DEFAULTS);
    const rows = effective("destination", now, asked).filter((row) => row.asked !== undefined);
    expect(rows.length).toBe(7);
    for (const row of rows) expect(row).toMatchObject({ host: "destination", effective: row.asked });
    expect(rows[0]).toMatchObject({ name: "bandwidth", unit: "b/s" });
  });

  test("every setting has an entry in the table of versions", () => {
    for (const setting of SETTINGS) expect(SINCE).toHaveProperty([setting.native]);
  });
});

describe("an unsupported setting", () => {
  const without = (version: string, ...absent: string[]): Abilities => ({
    version,
    accelerator: "tcg",
    machines: new Set(),
    aliases: new Map(),
    compressions: ["none", "zlib"],
    defaults: {
      capabilities: Object.fromEntries(
        Object.entries(DEFAULTS.capabilities).filter(([name]) => !absent.includes(name)),
      ),
      parameters: Object.fromEntries(Object.entries(DEFAULTS.parameters).filter(([name]) => !absent.includes(name))),
    },
  });
  const refusal = (asked: unknown, abilities: Abilities): unknown => {
    try {
      refuseUnsupported(settings(asked), "destination", abilities);
      return undefined;
    } catch (error) {
      const { code, where, message } = error as { code: string; where: string; message: string };
      return { code, where, message };
    }
  };

  test("is named, with the version that lacks it and the first that has it", () => {
    expect(refusal({ postCopy: { afterRound: 1 } }, without("2.5.1", "postcopy-ram"))).toEqual({
      code: "SETTING_UNSUPPORTED",
      where: "destination",
      message: "QEMU 2.5.1 has no postCopy (postcopy-ram): QEMU 2.6 is the first version that supports it",
    });
  });

  test("is named also when only the build lacks it", () => {
    const message = (compression: string): unknown =>
      refusal({ multifd: { compression } }, without("7.2.22")) ?? "accepted";
    expect(message("qpl")).toMatchObject({
      message:
        "QEMU 7.2.22 has no multifd.compression qpl (multifd-compression=qpl): " +
        "QEMU 9.1 is the first version that supports it, when built with qpl",
    });
    expect(message("zstd")).toMatchObject({ message: expect.stringContaining("built with zstd; this one was not") });
    expect(message("zlib")).toBe("accepted");
  });

  test("is no matter as long as nobody asks for it", () => {
    expect(refusal({ bandwidth: "1Gb/s" }, without("3.1", "multifd", "multifd-channels", "xbzrle"))).toBeUndefined();
  });
});

test("versions are compared number by number", () => {
  expect(compareVersions("7.2.22", "10.0")).toBeLessThan(0);
  expect(compareVersions("10.0.0", "9.2")).toBeGreaterThan(0);
  expect(compareVersions("5.0.0", "5.0")).toBe(0);
  expect(supportedBy("nonsense", "7.2")).toContain("no version known");
  expect(supportedBy("xbzrle", "7.2")).toContain("this build lacks it");
});

test("compressions are found in QEMU's description of itself", () => {
  const schema = [
    { name: "migrate-set-parameters", "meta-type": "command", "arg-type": "12" },
    {
      name: "12",
      "meta-type": "object",
      members: [
        { name: "x", type: "3" },
        { name: "multifd-compression", type: "7" },
      ],
    },
    { name: "7", "meta-type": "enum", values: ["none", "zlib"] },
  ];
  expect(compressionsIn(schema)).toEqual(["none", "zlib"]);
  expect(compressionsIn([])).toEqual([]);
});

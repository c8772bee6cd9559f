import { describe, expect, test } from "vitest";
import type { Abilities } from "../../../src/hypervisors/qemu/abilities.ts";
import { compressionsIn } from "../../../src/hypervisors/qemu/abilities.ts";
import { commandLine, type Definition } from "../../../src/hypervisors/qemu/definition.ts";
import { chosenSize, freePages } from "../../../src/hypervisors/qemu/huge-pages.ts";
import type { HostSetup } from "../../../src/hypervisors/qemu/instance.ts";
import type { NativeSettings } from "../../../src/hypervisors/qemu/native.ts";
import { refuseImpossible } from "../../../src/hypervisors/qemu/refusals.ts";
import { effective, refuseUnsupported, SETTINGS, toNative } from "../../../src/hypervisors/qemu/settings.ts";
import { compareVersions, SINCE, supportedBy } from "../../../src/hypervisors/qemu/versions.ts";
import { VmSpec } from "../../../src/model/machines.ts";
import { MigrationSettings } from "../../../src/model/settings.ts";

const DEFAULTS: NativeSettings = {
  capabilities: {
    events: false,
    xbzrle: false,
    "auto-converge": false,
    "postcopy-ram": false,
    "postcopy-preempt": false,
    multifd: false,
    "zero-copy-send": false,
    "dirty-limit": false,
  },
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
    "multifd-zlib-level": 1,
    "multifd-zstd-level": 1,
    "vcpu-dirty-limit": 1,
    "x-vcpu-dirty-limit-period": 1000,
    "throttle-trigger-threshold": 50,
    "tls-creds": "",
    "tls-hostname": "",
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
      dirtyLimit: { rate: "20MiB/s", period: "500ms" },
      postCopy: { afterRound: 2, preempt: true },
      xbzrle: { cache: "100MB" },
      multifd: { channels: 8, compression: "zstd", level: 7 },
      zeroCopy: true,
      transport: "tls",
    });
    expect(toNative(asked, DEFAULTS)).toEqual({
      capabilities: Object.fromEntries(Object.keys(DEFAULTS.capabilities).map((name) => [name, true])),
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
        "multifd-zlib-level": 1,
        "multifd-zstd-level": 7,
        "vcpu-dirty-limit": 20,
        "x-vcpu-dirty-limit-period": 500,
        "throttle-trigger-threshold": 50,
        "tls-creds": "migration-tls",
        "tls-hostname": "",
      },
    });
  });

  test("post-copy has a bandwidth of its own, or that of the whole migration", () => {
    const bandwidth = (asked: object): unknown =>
      toNative(settings({ postCopy: { afterRound: 1 }, ...asked }), DEFAULTS).parameters["max-postcopy-bandwidth"];
    expect(bandwidth({ bandwidth: "80Mb/s" })).toBe(10_000_000);
    expect(bandwidth({ bandwidth: "80Mb/s", postCopy: { afterRound: 1, bandwidth: "8Mb/s" } })).toBe(1_000_000);
    expect(bandwidth({})).toBe(0);
  });

  test("a level is shown under our name only for the compression that it was asked for", () => {
    const asked = settings({ multifd: { compression: "zlib", level: 9 } });
    const rows = effective("source", toNative(asked, DEFAULTS), asked).filter(({ native }) => /level/u.test(native));
    expect(rows.map(({ name, native, effective: value }) => [name, native, value])).toEqual([
      ["multifd.level", "multifd-zlib-level", 9],
      ["multifd-zstd-level", "multifd-zstd-level", 1],
    ]);
  });

  test.each([
    [{ multifd: { level: 3 } }],
    [{ multifd: { compression: "zlib", level: 10 } }],
    [{ multifd: { compression: "uadk", level: 1 } }],
    [{ pause: {} }],
  ])("%j says too little or too much", (asked) => {
    expect(() => settings(asked)).toThrow(/level belongs to a compression|say when/u);
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

  test.each([
    [{ dirtyLimit: {} }, "dirty-limit", "dirtyLimit (dirty-limit): QEMU 8.1"],
    [{ postCopy: { preempt: true } }, "postcopy-preempt", "postCopy.preempt (postcopy-preempt): QEMU 7.1"],
    [{ zeroCopy: true }, "zero-copy-send", "zeroCopy (zero-copy-send): QEMU 7.1"],
    [
      { multifd: { compression: "zlib", level: 2 } },
      "multifd-zlib-level",
      "multifd.level (multifd-zlib-level): QEMU 5.0",
    ],
    [{ transport: "tls" }, "tls-creds", "transport (tls-creds): QEMU 2.7"],
  ])("%j names the version that has it", (asked, absent, words) => {
    expect(refusal(asked, without("2.6", absent))).toMatchObject({ message: expect.stringContaining(words) });
    expect(refusal({ transport: "tcp" }, without("2.6", absent))).toBeUndefined();
  });

  test("is no matter as long as nobody asks for it", () => {
    expect(refusal({ bandwidth: "1Gb/s" }, without("3.1", "multifd", "multifd-channels", "xbzrle"))).toBeUndefined();
  });
});

describe("what plain QEMU or this testbed cannot do is refused by name:", () => {
  const host = { migrationAddress: { ipv4: "10.0.0.1" } };
  const tls = { directory: "/etc/pki/qemu" };
  const refused = (asked: unknown, accelerator: "kvm" | "tcg" = "tcg", hosts = { source: host, destination: host }) => {
    try {
      refuseImpossible(settings(asked), { hosts, accelerator });
      return "accepted";
    } catch (error) {
      return (error as Error).message;
    }
  };
  test.each([
    [{ path: "peer-to-peer" }, /path peer-to-peer.*driver libvirt/u],
    [{ transport: "ssh" }, /transport ssh.*driver libvirt/u],
    [{ transport: "tls" }, /certificates/u],
    [{ family: "ipv6" }, /no ipv6 address/u],
    [{ dirtyLimit: {} }, /KVM's dirty ring/u],
    [{ xbzrle: {}, multifd: {} }, /no differences over several connections/u],
    [{ family: "ipv4", transport: "tcp" }, /^accepted$/u],
  ])("%j", (asked, words) => expect(refused(asked)).toMatch(words));

  test("but not where it can", () => {
    expect(refused({ dirtyLimit: {} }, "kvm")).toBe("accepted");
    const hosts = { source: { ...host, tls }, destination: { ...host, tls } };
    expect(refused({ transport: "tls" }, "tcg", hosts)).toBe("accepted");
  });
});

test("the dirty limit gets KVM's dirty ring, and huge pages a memory of their own, on the command line", () => {
  const definition: Definition = {
    vm: VmSpec.parse({ memory: "64MiB" }),
    binary: "qemu",
    accelerator: "kvm",
    machine: "q35",
    cpu: "x",
    diskPath: "/d",
  };
  const line = (more: Partial<Definition>): string =>
    commandLine({ ...definition, ...more }, "source", { runDirectory: "/r" } as HostSetup, "/l", false).join(" ");
  expect(line({})).toContain("-machine q35 -accel kvm -cpu");
  expect(line({ dirtyRing: true })).toContain("-accel kvm,dirty-ring-size=4096 ");
  expect(line({ hugePageSize: 2 * 2 ** 20 })).toContain("-machine q35,memory-backend=ram0 ");
  expect(line({ hugePageSize: 2 * 2 ** 20 })).toContain("size=67108864B,hugetlb=on,hugetlbsize=2097152B");
});

test("the huge pages are the smallest of which there are enough, or as the other end has them", () => {
  const free = freePages(
    "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages:2\n/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages:100\n",
  );
  expect(chosenSize(free, "source", 200 * 2 ** 20)).toBe(2 * 2 ** 20);
  expect(chosenSize(free, "source", 2 ** 30)).toBe(2 ** 30);
  expect(() => chosenSize(free, "source", 2 ** 30, 2 * 2 ** 20)).toThrow(
    /1024 MiB need 512 pages of 2048 KiB, and 100/u,
  );
  expect(() => chosenSize(new Map(), "source", 2 ** 30)).toThrow(/offers none/u);
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

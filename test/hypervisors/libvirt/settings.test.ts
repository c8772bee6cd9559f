import { expect, test } from "vitest";
import { destinationOptions } from "../../../src/hypervisors/libvirt/destination.ts";
import type { LibvirtHost } from "../../../src/hypervisors/libvirt/host.ts";
import { migrateOptions, refuseForKind, refuseUnsupported } from "../../../src/hypervisors/libvirt/settings.ts";
import type { MigrationKind } from "../../../src/model/movement.ts";
import { MigrationSettings } from "../../../src/model/settings.ts";
import { localMachine } from "../../../src/remote/local.ts";

const settings = (value: unknown): MigrationSettings => MigrationSettings.parse(value);
const options = (value: unknown): string => migrateOptions(settings(value)).join(" ");

test("nothing asked for is nothing said", () => {
  expect(options({})).toBe("");
});

test.each([
  [{ bandwidth: "1Gb/s" }, "--bandwidth 119"],
  [{ bandwidth: "32MiB/s" }, "--bandwidth 32"],
  [{ bandwidth: "100kB/s" }, "--bandwidth 1"],
  [
    { autoConverge: { initial: "20%", increment: "5%" } },
    "--auto-converge --auto-converge-initial 20 --auto-converge-increment 5",
  ],
  [{ postCopy: { afterRound: 1 } }, "--postcopy"],
  [{ postCopy: { afterRound: 1 }, bandwidth: "32MiB/s" }, "--bandwidth 32 --postcopy --postcopy-bandwidth 32"],
  [{ postCopy: { afterRound: 1, bandwidth: "8MiB/s" } }, "--postcopy --postcopy-bandwidth 8"],
  [{ xbzrle: { cache: "100MiB" } }, `--compressed --comp-methods xbzrle --comp-xbzrle-cache ${2 ** 26}`],
  [{ multifd: { channels: 4 } }, "--parallel --parallel-connections 4"],
  [{ multifd: { compression: "zstd", level: 3 } }, "--parallel --compressed --comp-methods zstd --comp-zstd-level 3"],
  [{ transport: "tls" }, "--tls"],
  [{ transport: "ssh" }, "--tunnelled"],
  [{ zeroCopy: true, multifd: {} }, "--parallel --zerocopy"],
])("%j is %s", (value, expected) => {
  expect(options(value)).toBe(expected);
});

const refusal = (value: unknown, version = "9.0.0"): string => {
  try {
    refuseUnsupported(settings(value), "destination", { version });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

test.each([
  [{ autoConverge: { maximum: "50%" } }, /autoConverge.maximum .*no version/u],
  [{ dirtyLimit: {} }, /dirtyLimit/u],
  [{ multifd: { compression: "zlib" } }, /multifd.compression .*libvirt 9.4 is the first/u],
  [{ multifd: { compression: "qpl" } }, /multifd.compression .*no version/u],
  [{ postCopy: { afterRound: 1, preempt: true } }, /postCopy.preempt .*libvirt 10.0 is the first/u],
  [{ transport: "ssh", path: "direct" }, /peer-to-peer/u],
  [{ transport: "ssh", multifd: {} }, /several connections/u],
  [{ xbzrle: {}, multifd: {} }, /xbzrle with multifd/u],
  [{ zeroCopy: true }, /needs multifd/u],
])("%j is refused by name", (value, expected) => {
  expect(refusal(value)).toMatch(expected);
});

test("what a later version has is not refused there", () => {
  expect(refusal({ multifd: { compression: "zlib", level: 3 } }, "9.4.0")).toBe("");
  expect(refusal({ postCopy: { afterRound: 1, preempt: true } }, "10.0.0")).toBe("");
  expect(refusal({ multifd: {}, transport: "tls", bandwidth: "1Gb/s", postCopy: { afterTime: "1s" } })).toBe("");
});

test("a disk cannot go through a tunnel of libvirt's", () => {
  const refused = (kind: MigrationKind, value: unknown) => () => refuseForKind(settings(value), kind);
  for (const kind of ["storage", "storage-incremental"] as const) {
    expect(refused(kind, { transport: "ssh" })).toThrow(new RegExp(`cannot tunnel .*kind ${kind},`, "u"));
    expect(refused(kind, { transport: "tls" })).not.toThrow();
    expect(refused(kind, {})).not.toThrow();
  }
  for (const kind of ["memory", "storage-then-memory", "cold"] as const)
    expect(refused(kind, { transport: "ssh" })).not.toThrow();
});

const host: LibvirtHost = {
  machine: localMachine("destination"),
  peer: "qemu+ssh://destination/system",
  ssh: { user: "root", host: "10.77.2.12", port: 22 },
  migrationAddress: { ipv4: "10.77.2.12", ipv6: "fd77:2::12" },
  network: { bridge: "br0" },
};
const where = (kind: MigrationKind, value: unknown = {}): string =>
  destinationOptions({
    domain: "vm",
    to: host,
    settings: settings(value),
    kind,
    ports: { memory: 49_152, disk: 49_153 },
  }).join(" ");

test("where to: the migration network, a port of its own for the disk, and nothing left on the source", () => {
  expect(where("memory")).toBe(
    "--live --persistent --undefinesource --p2p --migrateuri tcp://10.77.2.12:49152 --domain vm --desturi qemu+ssh://destination/system",
  );
  expect(where("storage")).toContain("--copy-storage-all --disks-uri tcp://10.77.2.12:49153");
  expect(where("storage-incremental")).toContain("--copy-storage-inc --disks-uri tcp://10.77.2.12:49153");
  expect(where("memory", { family: "ipv6" })).toContain("tcp://[fd77:2::12]:49152");
  expect(where("memory", { path: "direct" })).not.toContain("--p2p");
  expect(where("memory", { transport: "ssh" })).not.toContain("--migrateuri");
});

test("an address family that the destination does not have is refused", () => {
  const deaf = { ...host, migrationAddress: { ipv4: "10.77.2.12" } };
  expect(() =>
    destinationOptions({
      domain: "vm",
      to: deaf,
      settings: settings({ family: "ipv6" }),
      kind: "memory",
      ports: { memory: 1, disk: 2 },
    }),
  ).toThrow(/no ipv6 address on the migration network/u);
});

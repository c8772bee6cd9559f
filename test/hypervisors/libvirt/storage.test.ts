import { describe, expect, test } from "vitest";
import { sharedTargetFor, storageFor } from "../../../src/hypervisors/libvirt/disk/storage.ts";
import type { StorageSpec } from "../../../src/model/hosts.ts";
import { DiskOptions, MigrationKind } from "../../../src/model/movement.ts";

const local: StorageSpec = { kind: "directory", path: "/var/lib/libvirt/images", shared: false };
const mounted: StorageSpec = { kind: "directory", path: "/mnt/vms", shared: true };
const nfs: StorageSpec = { kind: "nfs", server: "nas", export: "/vms" };
const iscsi: StorageSpec = { kind: "iscsi", portal: "nas", target: "iqn.2026-11.example:vms", lun: 1 };
const all = { iscsi, local, nfs, mounted };

const disk = (options: object = {}): DiskOptions => DiskOptions.parse(options);
const nameFor = (options: object, kind: MigrationKind, storages: Record<string, StorageSpec> = all): string =>
  storageFor(disk(options), kind, storages).name;

describe("the storage of a migration", () => {
  test("is by default the first shared one for memory, and the first of a host's own otherwise", () => {
    const chosen = MigrationKind.options.map((kind) => nameFor({}, kind));
    expect(chosen).toEqual(["iscsi", "local", "local", "local", "local"]);
    expect(nameFor({}, "memory", { local, mounted, nfs })).toBe("mounted");
  });

  test("is the one that the plan names", () => {
    expect(nameFor({ storage: "nfs" }, "memory")).toBe("nfs");
    expect(storageFor(disk({ storage: "mounted" }), "memory", all).spec).toBe(mounted);
  });

  test("of a cold migration may be shared: then no disk is copied", () => {
    expect(nameFor({ storage: "nfs" }, "cold")).toBe("nfs");
  });

  test.each([
    [{ storage: "local" }, "memory", "the destination cannot see the VM's disk there"],
    [{ storage: "nfs" }, "storage", "there is no disk to move"],
    [{ storage: "iscsi" }, "storage-incremental", "there is no disk to move"],
    [{ storage: "nfs" }, "storage-then-memory", "there is no disk to move"],
    [{ storage: "iscsi", format: "qcow2" }, "memory", "disk.format: qcow2 on iscsi"],
    [{ storage: "iscsi", allocation: "preallocated" }, "cold", "disk.allocation: preallocated on iscsi"],
  ] as const)("%j with kind %s is refused by name", (options, kind, words) => {
    expect(() => nameFor(options, kind)).toThrow(
      expect.objectContaining({ code: "SETTING_UNSUPPORTED", message: expect.stringContaining(words) }),
    );
  });

  test("that the testbed has not is refused with those that it has", () => {
    expect(() => nameFor({ storage: "san" }, "memory")).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: 'disk.storage: the testbed has no storage "san"; it has: iscsi, local, nfs, mounted',
      }),
    );
    expect(() => nameFor({}, "memory", { local })).toThrow(
      /no storage that both hosts share, as .* kind memory needs/u,
    );
    expect(() => nameFor({}, "storage", { nfs })).toThrow(/no storage of a host's own/u);
  });
});

describe("where the disk goes first", () => {
  test("is the first shared storage, or the one that the plan names", () => {
    expect(sharedTargetFor(disk(), all).name).toBe("iscsi");
    expect(sharedTargetFor(disk({ to: "nfs" }), all).name).toBe("nfs");
  });

  test("must be shared, and hold such a disk", () => {
    expect(() => sharedTargetFor(disk({ to: "local" }), all)).toThrow(/disk\.to: local is not shared/u);
    expect(() => sharedTargetFor(disk({ to: "iscsi", format: "qcow2" }), all)).toThrow(/qcow2 on iscsi/u);
  });
});

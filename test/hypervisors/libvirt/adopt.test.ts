import { expect, test } from "vitest";
import { refuseForAdopted } from "../../../src/hypervisors/libvirt/adopt.ts";
import { fileDiskIn } from "../../../src/hypervisors/libvirt/disk/adopted-disk.ts";

test("an adopted VM may move with its memory, or with its disk, and come back; nothing else", () => {
  expect(() => refuseForAdopted("memory", "pause")).not.toThrow();
  expect(() => refuseForAdopted("storage", "cancel")).not.toThrow();
  expect(() => refuseForAdopted("memory", "cold")).toThrow(/atDeadline: cold.*given back as it was/u);
  for (const kind of ["cold", "storage-incremental", "storage-then-memory"] as const)
    expect(() => refuseForAdopted(kind)).toThrow(`migration: ${kind}`);
});

const domain = (disks: string): string => `<domain><devices>${disks}</devices></domain>`;
const file = "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/vm/a.qcow2'/></disk>";
const cdrom = "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/></disk>";

test("its disk is found when it is one file; a CD drive is no disk", () => {
  expect(fileDiskIn(domain(file + cdrom))).toEqual({ path: "/vm/a.qcow2", format: "qcow2" });
  expect(fileDiskIn(domain(file + file))).toBeUndefined();
  expect(fileDiskIn(domain(cdrom))).toBeUndefined();
  expect(fileDiskIn(domain(file.replace("qcow2'", "vdi'")))).toBeUndefined();
});

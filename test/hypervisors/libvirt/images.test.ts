import { describe, expect, test } from "vitest";
import { jobIn } from "../../../src/hypervisors/libvirt/disk/disk-copy.ts";
import { diskXml } from "../../../src/hypervisors/libvirt/disk/disk-xml.ts";
import { imageOn, infoIn, makeImage, portalOf, requireSpace } from "../../../src/hypervisors/libvirt/disk/images.ts";
import { transferCommand } from "../../../src/hypervisors/libvirt/disk/transfer.ts";
import type { StorageSpec } from "../../../src/model/hosts.ts";
import { localMachine } from "../../../src/remote/local.ts";

const GIB = 2 ** 30;
const directory: StorageSpec = { kind: "directory", path: "/srv/vms/", shared: false };
const nfs = (server: string): StorageSpec => ({ kind: "nfs", server, export: "/vms" });
const iscsi = (portal: string): StorageSpec => ({ kind: "iscsi", portal, target: "iqn.2026-11.example:vms", lun: 1 });
const location = (spec: StorageSpec): string => imageOn(spec, "vm", "raw", GIB).location;

describe("an image", () => {
  test("is a path, or a URL of QEMU's own client, in both families of addresses", () => {
    expect(imageOn(directory, "vm", "qcow2", GIB).location).toBe("/srv/vms/vm.qcow2");
    expect(location(nfs("10.77.3.13"))).toBe("nfs://10.77.3.13/vms/vm.raw");
    expect(location(nfs("fd77:3::13"))).toBe("nfs://[fd77:3::13]/vms/vm.raw");
    expect(location(iscsi("nas"))).toBe("iscsi://nas:3260/iqn.2026-11.example:vms/1");
    expect(location(iscsi("[fd77:3::13]:860"))).toBe("iscsi://[fd77:3::13]:860/iqn.2026-11.example:vms/1");
  });

  test("is a disk in libvirt's words: a file, or a network's, of which the VM gets as much as it has", () => {
    const xml = (spec: StorageSpec): string => diskXml(imageOn(spec, "vm", "raw", GIB)).text;
    expect(xml(directory)).toContain("<source file='/srv/vms/vm.raw'/>");
    expect(xml(nfs("fd77:3::13"))).toContain(
      "<source protocol='nfs' name='/vms/vm.raw'><host name='fd77:3::13'/></source>",
    );
    expect(xml(iscsi("nas:860"))).toContain(
      "<source protocol='iscsi' name='iqn.2026-11.example:vms/1'><host name='nas' port='860'/>" +
        `<slices><slice type='storage' offset='0' size='${GIB}'/></slices></source>`,
    );
    for (const spec of [directory, nfs("nas"), iscsi("nas")])
      expect(xml(spec)).toContain("cache='none' discard='unmap'");
  });

  test("takes what its chain takes; a storage that does not say leaves it unknown", () => {
    const top = { "virtual-size": GIB, "actual-size": 1000 };
    expect(infoIn(JSON.stringify([top, { "virtual-size": GIB / 2, "actual-size": 24 }]))).toEqual({
      virtualSize: GIB,
      allocated: 1024,
    });
    expect(infoIn(JSON.stringify([{ "virtual-size": GIB }]))).toEqual({ virtualSize: GIB });
  });

  test("needs room, and what is missing is said in bytes", async () => {
    const image = imageOn({ kind: "directory", path: "/", shared: false }, "vm", "raw", GIB);
    await requireSpace(localMachine("here"), image, 1, "it");
    await expect(requireSpace(localMachine("here"), image, 1e18, "the VM's disk")).rejects.toMatchObject({
      code: "TESTBED_UNFIT",
      where: "here",
      message: expect.stringMatching(
        /^\/ has \d+ bytes free: \d+ too few for the VM's disk, which may take 1000000000000000000$/u,
      ),
    });
  });

  test("is not begun when the trial has been interrupted", async () => {
    const image = imageOn({ kind: "directory", path: "/nowhere", shared: false }, "vm", "raw", GIB);
    await expect(makeImage(localMachine("here"), image, "sparse", AbortSignal.abort())).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });
});

test.each([
  ["10.0.0.1", "10.0.0.1", 3260],
  ["nas.example:860", "nas.example", 860],
  ["fd77:3::13", "fd77:3::13", 3260],
  ["[fd77:3::13]:860", "fd77:3::13", 860],
])("the portal %s is %s, port %i", (portal, host, port) => {
  expect(portalOf(portal)).toEqual({ host, port });
});

test("a block job's answer gives what is copied; no job gives nothing", () => {
  expect(jobIn(" type=Block Copy\n bandwidth=0\n cur=111149056\n end=1073741824\n")).toEqual({
    current: 111149056,
    end: 1073741824,
  });
  expect(jobIn("")).toBeUndefined();
});

describe("a file is sent", () => {
  const ssh = { user: "root", host: "fd77:2::12", port: 2222 };

  test("with host key checking on, to an address in the family that is asked for", () => {
    const argv = transferCommand({ ssh, family: "ipv6", copy: "scp", path: "/srv/vms/vm.raw" });
    expect(argv.slice(0, 4)).toEqual(["scp", "-q", "-B", "-6"]);
    expect(argv).toContain("StrictHostKeyChecking=yes");
    expect(argv.slice(-5)).toEqual(["-P", "2222", "--", "/srv/vms/vm.raw", "root@[fd77:2::12]:/srv/vms/vm.raw"]);
  });

  test("by rsync whole, with holes where it is written, under its own name from the first byte on", () => {
    const argv = transferCommand({ ssh: { ...ssh, host: "b" }, copy: "rsync", path: "/srv/vms/vm.raw" });
    for (const option of ["--sparse", "--inplace", "--whole-file"]) expect(argv).toContain(option);
    expect(argv[argv.indexOf("--rsh") + 1]).toMatch(/^ssh .*-o StrictHostKeyChecking=yes.* -p 2222$/u);
    expect(argv.at(-1)).toBe("root@b:/srv/vms/vm.raw");
  });
});

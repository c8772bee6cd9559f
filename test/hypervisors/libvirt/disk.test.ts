/** What becomes of a VM's images when a migration has failed, decided on hosts that only answer. */
import { describe, expect, test } from "vitest";
import type { Context } from "../../../src/hypervisors/libvirt/context.ts";
import { Disk } from "../../../src/hypervisors/libvirt/disk/disk.ts";
import { diskState } from "../../../src/hypervisors/libvirt/disk/disk-copy.ts";
import { diskXml } from "../../../src/hypervisors/libvirt/disk/disk-xml.ts";
import { type Image, imageOn } from "../../../src/hypervisors/libvirt/disk/images.ts";
import { replug } from "../../../src/hypervisors/libvirt/replug.ts";
import { Virsh } from "../../../src/hypervisors/libvirt/virsh/virsh.ts";
import type { MigrationWatch } from "../../../src/hypervisors/libvirt/watch.ts";
import { MigrascopeError } from "../../../src/model/errors.ts";
import type { StorageSpec } from "../../../src/model/hosts.ts";
import type { HostRole } from "../../../src/model/machines.ts";
import { VmSpec } from "../../../src/model/machines.ts";
import { DiskOptions, type MigrationKind } from "../../../src/model/movement.ts";
import { systemClock } from "../../../src/model/time.ts";
import type { Machine } from "../../../src/remote/machine.ts";

const local: StorageSpec = { kind: "directory", path: "/srv/vms", shared: false };
const nfs: StorageSpec = { kind: "nfs", server: "nas", export: "/vms" };
const vm = VmSpec.parse({ name: "vm", memory: "96MiB", disk: "64MiB" });
const running = (image: Image, more = ""): string =>
  `<domain><devices>${diskXml(image).text.replace("</disk>", `${more}</disk>`)}</devices></domain>`;
const OLD = imageOn(local, "migrascope-vm", "raw", vm.disk);
const NEW = imageOn(nfs, "migrascope-vm", "raw", vm.disk);

test("an image is the running VM's disk, is being copied to, or is free", () => {
  const lun = imageOn({ kind: "iscsi", portal: "nas", target: "iqn.2026-11.example:vms", lun: 1 }, "vm", "raw", 1);
  for (const image of [OLD, NEW, lun])
    for (const disk of [OLD, NEW, lun]) expect(diskState(running(disk), image)).toBe(disk === image ? "used" : "free");
  expect(diskState(running(OLD, "<mirror type='network' job='copy'/>"), NEW)).toBe("copied to");
});

type Answer = (argv: readonly string[]) => string | MigrascopeError;
const lost = new MigrascopeError("COMMAND_FAILED", "ssh: connection reset", { exitCode: 255 });

/** Hosts that note what they are asked, and answer nothing but what they are told to. */
function hosts(answer: Answer = () => "") {
  const asked: Record<HostRole, string[]> = { source: [], destination: [] };
  const machine = (name: HostRole): Machine => ({
    name,
    run: async (argv) => {
      asked[name].push(argv.join(" "));
      const said = answer(argv);
      if (said instanceof MigrascopeError) throw said;
      return { stdout: said, stderr: "" };
    },
    start: async () => ({
      pid: 1,
      onLine: () => {},
      kill: () => {},
      write: () => {},
      ended: Promise.resolve({ exitCode: 0, signal: null, stderrTail: "" }),
    }),
  });
  const virsh = {
    source: new Virsh({ machine: machine("source") }),
    destination: new Virsh({ machine: machine("destination") }),
  };
  return { asked, virsh };
}

function diskOf(kind: MigrationKind, answer?: Answer) {
  const { asked, virsh } = hosts(answer);
  const context = { virsh, clock: systemClock, options: { storages: { local, nfs } } } as unknown as Context;
  const disk = new Disk(context, {
    host: "source",
    vm,
    kind,
    disk: DiskOptions.parse({}),
    logDirectory: "/tmp",
    signal: new AbortController().signal,
  });
  return { disk, asked };
}

test("an image has a name that only ours have: it is removed without a question", () => {
  expect(diskOf("storage").disk.image.location).toBe("/srv/vms/migrascope-vm.raw");
  expect(diskOf("memory").disk.image.location).toBe("nfs://nas/vms/migrascope-vm.raw");
});

describe("after a migration", () => {
  test("that failed, what it left at the other host is removed", async () => {
    const { disk, asked } = diskOf("storage");
    await disk.settled("source", "source", "storage");
    expect(asked).toEqual({ source: [], destination: ["rm -f -- /srv/vms/migrascope-vm.raw"] });
    // A host that does not answer costs nothing else.
    await diskOf("storage", () => lost).disk.settled("source", "source", "storage");
  });

  test("that moved the VM, or on storage that both hosts see, nothing is removed", async () => {
    const moved = diskOf("storage");
    await moved.disk.settled("destination", "source", "storage");
    const shared = diskOf("memory");
    await shared.disk.settled("source", "source", "memory");
    expect([moved.asked, shared.asked]).toEqual([
      { source: [], destination: [] },
      { source: [], destination: [] },
    ]);
  });
});

describe("copying the disk to shared storage", () => {
  const watch = { commanded: () => {}, partBegan: () => {}, partEnded: () => {} } as unknown as MigrationWatch;
  const request = { observer: { event: () => {}, progress: () => {} }, signal: new AbortController().signal } as never;
  const answers =
    (pivot: string | MigrascopeError, after: string): Answer =>
    (argv) => {
      const words = argv.join(" ");
      if (words.includes("mktemp")) return "/tmp/x";
      if (words.includes("qemu-img info")) return `[{"virtual-size": 1}]`;
      if (words.includes("--pivot")) return pivot;
      if (words.includes("--info")) return "type=Block Copy\nbandwidth=0\ncur=64\nend=64\n";
      return words.includes("dumpxml") ? after : "";
    };
  const emptied = (asked: readonly string[]): string[] => asked.filter((each) => each.includes("migrascope-vm.raw 0"));

  test("leaves the target alone when only the last answer was lost: the VM runs on it", async () => {
    const { disk, asked } = diskOf("storage-then-memory", answers(lost, running(NEW)));
    await disk.copyToShared("source", watch, request);
    expect(disk.image.location).toBe(NEW.location);
    // It was emptied once, when it was made.
    expect(emptied(asked.source)).toHaveLength(1);
    expect(asked.source.at(-1)).toBe(`rm -f -- ${OLD.location}`);
  });

  test("removes the target when the VM goes on where it was", async () => {
    const { disk, asked } = diskOf("storage-then-memory", answers(lost, running(OLD)));
    await expect(disk.copyToShared("source", watch, request)).rejects.toThrow(/connection reset/u);
    expect(disk.image.location).toBe(OLD.location);
    expect(emptied(asked.source)).toHaveLength(2);
  });

  test("removes the target with the VM when it is still being copied to", async () => {
    const { disk, asked } = diskOf(
      "storage-then-memory",
      answers(lost, running(OLD, "<mirror type='network' job='copy'/>")),
    );
    await expect(disk.copyToShared("source", watch, request)).rejects.toThrow(/connection reset/u);
    expect(emptied(asked.source)).toHaveLength(1);
    await disk.remove();
    expect(emptied(asked.source)).toHaveLength(2);
    expect(asked.destination).toEqual([`rm -f -- ${OLD.location}`]);
  });
});

describe("a definition for a host whose network is called otherwise", () => {
  const DEFINITION = "<domain><interface type='bridge'><source bridge='a'/></interface></domain>";
  const answer: Answer = (argv) => (argv.includes("dumpxml") ? DEFINITION : "/tmp/kept");

  test("is given to libvirt as it runs and as it is kept, and then taken away", async () => {
    const { asked, virsh } = hosts(answer);
    const definitions = await replug(virsh.source, "vm", { bridge: "a" }, { bridge: "b" });
    expect(definitions?.options).toEqual(["--xml", "/tmp/kept", "--persistent-xml", "/tmp/kept"]);
    expect(asked.source.filter((each) => each.includes("--inactive"))).toHaveLength(1);
    await definitions?.remove();
    expect(asked.source.at(-1)).toBe("rm -f -- /tmp/kept /tmp/kept");
  });

  test("is not needed where both are called alike, and leaves no file when it cannot be made", async () => {
    const alike = hosts(answer);
    expect(await replug(alike.virsh.source, "vm", { tap: "a" }, { tap: "a" })).toBeUndefined();
    expect(alike.asked.source).toEqual([]);
    const failing = hosts((argv) => (argv.includes("--inactive") ? lost : answer(argv)));
    await expect(replug(failing.virsh.source, "vm", { bridge: "a" }, { tap: "b" })).rejects.toThrow(/reset/u);
    expect(failing.asked.source.at(-1)).toBe("rm -f -- /tmp/kept");
  });
});

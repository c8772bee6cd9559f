/** The VM's disk on real storages of two hosts under libvirt: made, copied old, copied live, moved cold, whatever fails. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labUp } from "../../../src/lab/up.ts";
import { NODE, Room, testbedNamed } from "../../lab/support/room.ts";

const SCRIPT = new URL("support/disks.ts", import.meta.url).pathname;
const MIB = 2 ** 20;
/** What the scripts write into a disk of 256 MiB, with qcow2's own blocks or the file system's to spare. */
const DATA = 24 * MIB;
const SLACK = 8 * MIB;

let room: Room;
beforeAll(async () => {
  room = new Room();
  await labUp(testbedNamed("disks", { hypervisor: "libvirt" }));
});
afterAll(() => room[Symbol.asyncDispose]());

async function inLab<T>(name: string, argument: unknown): Promise<T> {
  const ran = await room.cli("enter", "disks", NODE, SCRIPT, name, JSON.stringify(argument));
  expect(ran.code, ran.stderr).toBe(0);
  return JSON.parse(ran.stdout) as T;
}

describe("an image", () => {
  interface Life {
    virtualSize: number;
    allocated?: number;
    written: boolean;
    seenThere: boolean;
    anew: boolean;
    left: { allocated?: number } | null;
  }
  const life = (...list: [string, string, string][]): Promise<Life[]> => inLab("life", list);
  const done = { virtualSize: 64 * MIB, written: true, anew: true };

  test("on a host's own storage is this host's alone, takes what it was told to, and goes without a trace", async () => {
    const [raw, full, qcow2, fullQcow2] = await life(
      ["local", "raw", "sparse"],
      ["local", "raw", "preallocated"],
      ["local", "qcow2", "sparse"],
      ["local", "qcow2", "preallocated"],
    );
    for (const each of [raw, full, qcow2, fullQcow2])
      expect(each).toMatchObject({ ...done, seenThere: false, left: null });
    for (const each of [raw, qcow2]) expect(each!.allocated).toBeLessThan(MIB);
    for (const each of [full, fullQcow2]) expect(each!.allocated).toBeGreaterThanOrEqual(64 * MIB);
  });

  test("on NFS is seen by both hosts, and is emptied at its end", async () => {
    const [raw, full, qcow2] = await life(
      ["nfs", "raw", "sparse"],
      ["nfs", "raw", "preallocated"],
      ["nfs", "qcow2", "sparse"],
    );
    for (const each of [raw, full, qcow2])
      expect(each).toMatchObject({ ...done, seenThere: true, left: { allocated: 0 } });
    expect(raw!.allocated).toBeLessThan(MIB);
    expect(full!.allocated).toBeGreaterThanOrEqual(64 * MIB);
  });

  test("on a LUN is seen by both hosts; it is overwritten, and how much it takes is not known", async () => {
    const [lun] = await life(["iscsi", "raw", "sparse"]);
    expect(lun).toMatchObject({ written: true, seenThere: true, anew: true });
    expect(lun!.virtualSize).toBeGreaterThan(64 * MIB);
    expect(lun).not.toHaveProperty("allocated");
  });
});

interface Cold {
  status: string;
  reason?: string;
  runsOn: string | null;
  report: { diskTransferred?: number };
  warnings: string[];
  events: string[];
  states: Record<string, string | null>;
  content: boolean;
  allocated: number;
  sent: number;
  left: Record<string, string[]>;
}
const cold = (...list: object[]): Promise<Cold[]> => inLab("cold", list);

describe("a cold migration", () => {
  const moved = {
    status: "completed",
    runsOn: "destination",
    warnings: [],
    states: { source: null, destination: "running" },
    content: true,
  };

  test("copies every byte with scp, which fills holes, and with rsync, which makes them again", async () => {
    const [scp, rsync] = await cold({ cold: { copy: "scp" } }, { cold: { copy: "rsync" } });
    for (const each of [scp, rsync]) {
      expect(each).toMatchObject({ ...moved, left: { source: [], destination: ["vm.raw"] } });
      expect(each!.sent).toBeGreaterThan(256 * MIB);
      expect(each!.report.diskTransferred).toBe(256 * MIB);
    }
    expect(scp!.allocated).toBe(256 * MIB);
    expect(rsync!.allocated).toBeLessThan(DATA + SLACK);
    expect(scp!.events).toEqual([
      "command source",
      "part source shut-down",
      "stop source",
      "part-end source shut-down",
      "part source transfer",
      "part-end source transfer",
      "part destination start",
      "resume destination",
      "part-end destination start",
      "completed source",
    ]);
  });

  test("sends only the compressed file, in either family, and keeps holes", async () => {
    const [gzip, zstd] = await cold(
      { cold: { compression: "gzip", copy: "scp" }, settings: { family: "ipv6" } },
      { cold: { compression: "zstd", copy: "rsync" }, format: "qcow2" },
    );
    for (const each of [gzip, zstd]) {
      expect(each).toMatchObject(moved);
      expect(each!.left.source).toEqual([]);
      expect(each!.left.destination).toHaveLength(1);
      expect(each!.sent).toBeLessThan(MIB);
      expect(each!.report.diskTransferred).toBeLessThan(MIB);
      expect(each!.allocated).toBeLessThan(DATA + SLACK);
      expect(each!.events.filter((event) => event.startsWith("part "))).toEqual([
        "part source shut-down",
        "part source compress",
        "part source transfer",
        "part destination decompress",
        "part destination start",
      ]);
    }
  });

  test("on shared storage copies nothing", async () => {
    const [nfs] = await cold({ storage: "nfs" });
    expect(nfs).toMatchObject({ ...moved, report: {} });
    expect(nfs!.sent).toBeLessThan(MIB);
  });

  test("that fails at any point leaves the VM running where it was, with its content, and nothing elsewhere", async () => {
    const failures = await cold(
      { at: "part transfer", what: "abort" },
      { cold: { compression: "zstd" }, at: "part decompress", what: "abort" },
      { deadline: 2 },
      { at: "part shut-down", what: "full" },
      { at: "progress", what: "cut" },
      { at: "part shut-down", what: "stranger" },
      { at: "part shut-down", what: "refuse" },
    );
    expect(failures.map(({ status }) => status)).toEqual([
      "cancelled",
      "cancelled",
      "timeout",
      "failed",
      "failed",
      "failed",
      "failed",
    ]);
    for (const each of failures) {
      expect(each, each.reason).toMatchObject({
        runsOn: "source",
        content: true,
        warnings: [],
        left: { source: ["vm.raw"], destination: [] },
      });
      expect(each.states.source).toBe("running");
      expect(each.states.destination).not.toBe("running");
      expect(each.reason).toMatch(/the VM was started again on the source$/u);
      expect(each.events.at(-1)).toBe("resume-source source");
    }
    expect(failures[5]!.reason).toContain("that Migrascope did not make");
    expect(failures[6]!.reason).toContain("specified dev doesn't exist");
  });
});

test("of a disk with an old copy at the destination only what has changed since is sent", async () => {
  const results = await inLab<{ bytes: number; sent: number; content: boolean; layered: boolean; states: object }[]>(
    "incremental",
    ["raw", "qcow2"],
  );
  for (const each of results) {
    expect(each).toMatchObject({ content: true, layered: true, states: { source: null, destination: "running" } });
    expect(each.bytes).toBeGreaterThan(100 * MIB);
    // 5 MiB of the disk, and the memory of a guest that dirties 4 MiB.
    expect(each.sent).toBeLessThan(60 * MIB);
  }
});

test("the running VM's disk goes to shared storage first, and then the VM without it", async () => {
  const results = await inLab<object[]>("firstTheDisk", ["nfs", "iscsi"]);
  for (const each of results)
    expect(each).toEqual({
      last: 256 * MIB,
      content: true,
      old: true,
      states: { source: null, destination: "running" },
    });
});

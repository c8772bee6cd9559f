/** The driver on real hosts under libvirt, reached by SSH: every kind of migration, every knob, and what breaks on the way. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labUp } from "../../../src/lab/up.ts";
import { NODE, Room, scriptPath, testbedNamed } from "../../lab/support/room.ts";
import type { Account, Attempt } from "./support/migrate.ts";

const LAB = "lvd";
/** Bits per second, so low that a guest that dirties 64 MiB without pause never gets across. */
const SLOW = { bandwidth: "8MiB/s" };
const BUSY = { dirtied: 64, settings: SLOW };

let room: Room;
beforeAll(async () => {
  room = new Room();
  await labUp(testbedNamed(LAB, { hypervisor: "libvirt" }));
}, 120_000);
afterAll(() => room[Symbol.asyncDispose]());

/** Each one after the other, on the same two hosts: that the next one works is the proof that the last one left them usable. */
async function migrations(...attempts: Attempt[]): Promise<Account[]> {
  const script = scriptPath("../../hypervisors/libvirt/support/migrate.ts");
  const ran = await room.cli("enter", LAB, NODE, script, JSON.stringify(attempts));
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ran.stdout);
}

/** The VM runs on this host alone, where its guest really executes, and nothing of it is left once it was powered off. */
function expectOnlyOn(account: Account, host: "source" | "destination"): void {
  const { outcome, located, executes, hypervisors, left } = account;
  expect({ runsOn: "runsOn" in outcome && outcome.runsOn, located, executes, hypervisors, left }).toEqual({
    runsOn: host,
    located: host,
    executes: [host],
    hypervisors: [1, 0],
    left: [],
  });
}

function expectMoved(account: Account): void {
  expect(account.outcome).toMatchObject({ status: "completed" });
  expectOnlyOn(account, "destination");
}

describe("every kind of migration", () => {
  test("memory, its disk on NFS and on iSCSI", async () => {
    const [nfs, iscsi] = await migrations({ disk: { storage: "nfs" } }, { disk: { storage: "iscsi" } });
    for (const account of [nfs!, iscsi!]) {
      expectMoved(account);
      expect(account.events).toEqual(["command source", "stop source", "resume destination", "completed source"]);
      expect(account.samples).toBeGreaterThan(3);
      expect(account.ports).toEqual({ memory: [expect.any(Number)], disk: [expect.any(Number)] });
      const { report } = account.outcome as { report: Record<string, number> };
      // 16 MiB that the guest dirties at least once, and a VM of 96 MiB in all.
      expect(report.transferred).toBeGreaterThan(16 * 2 ** 20);
      expect(report.downtime).toBeGreaterThan(0);
      expect(report.downtime).toBeLessThan(report.totalTime!);
    }
  });

  test("storage, raw and qcow2, over both address families", async () => {
    const accounts = await migrations(
      { kind: "storage" },
      { kind: "storage", disk: { format: "qcow2" }, settings: { family: "ipv6" } },
    );
    for (const account of accounts) {
      expectMoved(account);
      expect(account.events).toEqual([
        "command source",
        "part source disk-copy",
        "part-end source disk-copy",
        "part source memory",
        "stop source",
        "resume destination",
        "part-end source memory",
        "completed source",
      ]);
    }
    expect(accounts[0]!.settings["source virsh migrate"]).toContain("tcp://10.77.2.12:");
    expect(accounts[1]!.settings["source virsh migrate"]).toContain("tcp://[fd77:2::12]:");
  });

  test("only what has changed since an old copy was made, and in two steps over a shared storage", async () => {
    const [incremental, steps] = await migrations({ kind: "storage-incremental" }, { kind: "storage-then-memory" });
    expectMoved(incremental!);
    expect(incremental!.settings["source virsh migrate"]).toContain("--copy-storage-inc");
    expectMoved(steps!);
    expect(steps!.events.slice(0, 4)).toEqual([
      "command source",
      "part source disk-copy",
      "part-end source disk-copy",
      "part source memory",
    ]);
  });

  test("cold, plain and compressed", async () => {
    const [plain, compressed] = await migrations(
      { kind: "cold" },
      { kind: "cold", cold: { compression: "zstd", copy: "rsync" }, disk: { format: "qcow2" } },
    );
    for (const account of [plain!, compressed!]) expectMoved(account);
    const parts = (account: Account): string[] =>
      account.events.filter((event) => event.startsWith("part ")).map((event) => event.split(" ")[2]!);
    expect(parts(plain!)).toEqual(["shut-down", "transfer", "start"]);
    expect(parts(compressed!)).toEqual(["shut-down", "compress", "transfer", "decompress", "start"]);
    const sent = (account: Account): number =>
      (account.outcome as { report: { diskTransferred: number } }).report.diskTransferred;
    expect(sent(plain!)).toBe(64 * 2 ** 20);
    expect(sent(compressed!)).toBeLessThan(2 ** 20);
  });
});

describe("every knob", () => {
  test("is taken by libvirt, and QEMU is then asked what it has", async () => {
    const [tls, ssh, multifd, xbzrle, direct] = await migrations(
      { settings: { transport: "tls", bandwidth: "64MiB/s", downtimeLimit: "500ms" } },
      { settings: { transport: "ssh" } },
      { settings: { multifd: { channels: 3 } } },
      { settings: { xbzrle: { cache: "32MiB" } } },
      { settings: { path: "direct", autoConverge: { initial: "30%", increment: "15%" } } },
    );
    for (const account of [tls!, ssh!, multifd!, xbzrle!, direct!]) expectMoved(account);
    expect(tls!.settings).toMatchObject({
      "source bandwidth": 64 * 2 ** 20 * 8,
      "source downtimeLimit": 0.5,
      "source transport": "tls",
    });
    expect(ssh!.settings["source virsh migrate"]).toContain("--tunnelled");
    expect(ssh!.ports).toBeUndefined();
    expect(multifd!.settings).toMatchObject({ "source multifd": true, "source multifd.channels": 3 });
    expect(xbzrle!.settings).toMatchObject({ "source xbzrle": true, "source xbzrle.cache": 32 * 2 ** 20 });
    expect(direct!.settings).toMatchObject({
      "source autoConverge": true,
      "source autoConverge.initial": 0.3,
      "source autoConverge.increment": 0.15,
    });
    expect(direct!.settings["source virsh migrate"]).not.toContain("--p2p");
  });

  test("that this version lacks is refused by name before anything is migrated", async () => {
    const refused = await migrations({ settings: { multifd: { compression: "zstd" } } }).catch(
      (error: Error) => error.message,
    );
    expect(String(refused)).toMatch(/multifd\.compression.*libvirt 9\.4/u);
  });
});

describe("a migration that does not end", () => {
  test("is cancelled, paused, switched to post-copy or made cold at its deadline, as the plan says", async () => {
    const [cancelled, paused, switched, cold] = await migrations(
      { ...BUSY, deadline: 4 },
      { ...BUSY, deadline: 4, atDeadline: "pause" },
      { ...BUSY, deadline: 4, atDeadline: "post-copy" },
      { ...BUSY, deadline: 4, atDeadline: "cold" },
    );
    expect(cancelled!.outcome).toMatchObject({ status: "timeout", reason: expect.stringContaining("deadline of 4 s") });
    expectOnlyOn(cancelled!, "source");
    for (const account of [paused!, switched!, cold!]) expectMoved(account);
    expect(paused!.events).toEqual([
      "command source",
      "deadline source pause",
      "stop source",
      "resume destination",
      "completed source",
    ]);
    expect(switched!.events).toContain("switch-to-post-copy source");
    expect(switched!.states).toContain("destination postcopy-active");
    expect(cold!.events).toEqual(expect.arrayContaining(["deadline source cold", "part source shut-down"]));
  });

  test("is throttled from its deadline on, and not before", async () => {
    // What the guest dirties in a round, 99 % of its time taken away, goes over such a link.
    const settings = { bandwidth: "64MiB/s", autoConverge: { initial: "90%", increment: "9%" } };
    const [throttled] = await migrations({ dirtied: 48, settings, deadline: 4, grace: 120, atDeadline: "throttle" });
    expect(throttled!.settings).toMatchObject({ "source autoConverge.maximum": 0.01 });
    expect(throttled!.throttles.before).toBeLessThanOrEqual(0.01);
    expect(throttled!.throttles.after).toBeGreaterThanOrEqual(0.9);
    expectOnlyOn(
      throttled!,
      throttled!.outcome && "runsOn" in throttled!.outcome ? throttled!.outcome.runsOn! : "source",
    );
  });

  test("goes over to post-copy from the start, or is paused after a round, when the settings say so", async () => {
    const [start, pause] = await migrations(
      { ...BUSY, settings: { ...SLOW, postCopy: { afterRound: 0 } } },
      { ...BUSY, settings: { ...SLOW, pause: { afterRound: 1 } } },
    );
    for (const account of [start!, pause!]) expectMoved(account);
    expect(start!.states).toContain("source postcopy-active");
    expect(pause!.events.slice(0, 2)).toEqual(["command source", "stop source"]);
  });
});

describe("whatever breaks, the VM runs on one host or is reported as lost", () => {
  const ACTIVE = "status source active";

  test("the destination's QEMU: it goes on at the source", async () => {
    const [active, copying] = await migrations(
      { ...BUSY, fault: { at: ACTIVE, what: "qemu", where: "destination" } },
      { kind: "storage", fault: { at: "part source disk-copy", what: "qemu", where: "destination" } },
    );
    expect(active!.outcome).toMatchObject({ status: "failed", reason: expect.stringMatching(/./u) });
    for (const account of [active!, copying!]) {
      // A small disk may be across before it is struck.
      if (
        account === copying &&
        account.outcome &&
        "status" in account.outcome &&
        account.outcome.status === "completed"
      )
        continue;
      expectOnlyOn(account, "source");
    }
  });

  test("the source's QEMU, or the destination's once it has everything: the VM is lost, with the evidence", async () => {
    const [source, destination] = await migrations(
      { ...BUSY, fault: { at: ACTIVE, what: "qemu", where: "source" } },
      { fault: { at: "resume destination", what: "qemu", where: "destination" } },
    );
    for (const account of [source!, destination!]) {
      expect(account).toMatchObject({ located: null, executes: [], hypervisors: [0, 0], left: [] });
      expect(account.outcome).toMatchObject({
        status: "failed",
        runsOn: null,
        reason: expect.stringMatching(/source: .*destination: .*QEMU on the/su),
      });
    }
  });

  test("libvirtd on either side, started anew: the VM goes on at the source", async () => {
    const accounts = await migrations(
      { ...BUSY, fault: { at: ACTIVE, what: "libvirtd", where: "source" } },
      { ...BUSY, fault: { at: ACTIVE, what: "libvirtd", where: "destination" } },
    );
    for (const account of accounts) {
      expect(account.outcome).toMatchObject({ status: "failed" });
      expectOnlyOn(account, "source");
    }
  });

  test("the migration link and our own SSH connection: the deadline still holds", async () => {
    const accounts = await migrations(
      { ...BUSY, deadline: 12, fault: { at: ACTIVE, what: "link", where: "destination", for: 4 } },
      { ...BUSY, deadline: 12, fault: { at: ACTIVE, what: "ssh", where: "source" } },
    );
    for (const account of accounts) {
      expect(account.outcome).toMatchObject({ status: "timeout" });
      expectOnlyOn(account, "source");
    }
  });

  test("in post-copy: a connection that is cut is made again; without the destination the VM is lost", async () => {
    const postCopy = { ...BUSY, settings: { bandwidth: "4MiB/s", postCopy: { afterRound: 0 } } };
    const at = "status source postcopy-active";
    const [cut, killed, daemon] = await migrations(
      { ...postCopy, fault: { at, what: "connection", where: "destination" } },
      { ...postCopy, fault: { at, what: "qemu", where: "destination" } },
      { ...postCopy, fault: { at, what: "libvirtd", where: "source" } },
    );
    expectMoved(cut!);
    expect(cut!.events).toContain("recover source attempt 1");
    expect(cut!.outcome).toMatchObject({ reason: expect.stringContaining("made again") });
    expect(killed!.outcome).toMatchObject({ status: "failed", runsOn: null });
    expect(killed!).toMatchObject({ located: null, executes: [], left: [] });
    expect(killed!.hypervisors[1]).toBe(0);
    expectMoved(daemon!);
  });
});

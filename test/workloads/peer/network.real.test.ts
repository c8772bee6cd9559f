/** The agent's network workloads against their peer, with what networks do in between. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tcpRelay, udpRelay } from "./relay.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const words = (kind: "tcp" | "udp", direction: string, port: number, address = "127.0.0.1"): string[] => [
  ...[kind, "--peer", address, "--port", String(port), "--direction", direction],
];
const doneBy = (units: number) => (status: { lanes: { done: number }[] }) => status.lanes[0]!.done > units;

describe.each(["127.0.0.1", "::1"])("tcp by %s", (address) => {
  test("what the guest sends is what the peer receives, every word of it", async () => {
    const peer = await world.startPeer({ kind: "tcp" }, address);
    await world.start(...words("tcp", "send", peer.ports.tcp!, address));
    await world.until(doneBy(50_000_000));
    const sides = await world.end(peer);
    expect(sides.peer!.done).toBe(sides.guest.done);
    expect([...sides.guest.found, ...sides.peer!.found]).toEqual([]);
  });
  test("what the peer sends is what the guest receives", async () => {
    const peer = await world.startPeer({ kind: "tcp", direction: "receive" }, address);
    await world.start(...words("tcp", "receive", peer.ports.tcp!, address));
    await world.until(doneBy(50_000_000));
    const sides = await world.end(peer);
    // What was on its way when the guest closed had been sent.
    expect(sides.peer!.done).toBeGreaterThanOrEqual(sides.guest.done);
    expect([...sides.guest.found, ...sides.peer!.found]).toEqual([]);
  });
});

describe.each(["send", "receive"] as const)("a broken connection, guest: %s", (direction) => {
  test.each(["reset", "end"] as const)("%s: both sides say when, and the words start anew", async (how) => {
    const peer = await world.startPeer({ kind: "tcp", direction });
    const relay = await tcpRelay(peer.ports.tcp!);
    await world.start(...words("tcp", direction, relay.port));
    await world.until(doneBy(1_000_000));
    relay.cut(how);
    const before = (await world.status()).lanes[0]!.done;
    await world.until(doneBy(before + 5_000_000));
    const sides = await world.end(peer);
    relay.close();
    for (const { found } of [sides.guest, sides.peer!]) {
      expect(found).toMatchObject([
        { kind: "broken", sequence: 0, count: 1 },
        { kind: "connected", sequence: 1, count: 1 },
      ]);
      const [broken, connected] = found;
      expect(broken!.since!.mono).toBeLessThanOrEqual(broken!.at.mono);
      expect(connected!.at.mono).toBeGreaterThanOrEqual(broken!.at.mono);
    }
  });
});

test("a turned bit is one wrong word, and what follows it is right again", async () => {
  const peer = await world.startPeer({ kind: "tcp" });
  const relay = await tcpRelay(peer.ports.tcp!);
  await world.start(...words("tcp", "send", relay.port));
  await world.until(doneBy(1_000_000));
  relay.corrupt();
  const before = (await world.status()).lanes[0]!.done;
  await world.until(doneBy(before + 5_000_000));
  const sides = await world.end(peer);
  relay.close();
  expect(sides.guest.found).toEqual([]);
  expect(sides.peer!.found).toMatchObject([{ kind: "corrupt", count: 1 }]);
  expect(sides.peer!.found[0]!.sequence).toBeGreaterThan(1000);
});

describe.each(["send", "receive"] as const)("udp, guest: %s", (direction) => {
  test("loss, duplicates and reordering are found, each with its number", async () => {
    const peer = await world.startPeer({ kind: "udp", direction, rate: "200kB/s", datagram: "100B" });
    const relay = await udpRelay(peer.ports.udp!, (sequence) => {
      if (sequence >= 100 && sequence < 110) return { copies: 0 };
      if (sequence === 200) return { copies: 2 };
      if (sequence === 300) return { copies: 1, behind: 305 };
      return { copies: 1 };
    });
    await world.start(...words("udp", direction, relay.port), "--datagram", "100", "--rate", "200000");
    await world.until(doneBy(500));
    const sides = await world.end(peer);
    relay.close();
    const [sender, receiver] = direction === "send" ? [sides.guest, sides.peer!] : [sides.peer!, sides.guest];
    expect(sender.found).toEqual([]);
    expect(receiver.found.filter(({ sequence }) => sequence < 400)).toMatchObject([
      { kind: "lost", sequence: 100, count: 10 },
      { kind: "duplicate", sequence: 200, count: 1 },
      { kind: "lost", sequence: 300, count: 1 },
      { kind: "reordered", sequence: 300, count: 1 },
    ]);
    for (const { since, at } of receiver.found) expect(since!.mono).toBeLessThanOrEqual(at.mono);
    const windows = receiver.records.filter((record) => record.record === "window");
    for (const { oneWayDelay } of windows.filter(({ done }) => done > 0)) {
      // One clock on both sides: the delay is what it seems to be.
      expect(oneWayDelay!.low).toBeGreaterThan(0);
      expect(oneWayDelay!.median).toBeGreaterThanOrEqual(oneWayDelay!.low);
      expect(oneWayDelay!.high).toBeGreaterThanOrEqual(oneWayDelay!.median);
    }
  });
});

test("datagrams that the guest has sent are received or lost, to the last", async () => {
  const peer = await world.startPeer({ kind: "udp", datagram: "200B" });
  await world.start(...words("udp", "send", peer.ports.udp!), "--datagram", "200");
  await world.until(doneBy(100_000));
  const sides = await world.end(peer);
  const lost = sides.peer!.found.reduce(
    (sum, { kind, count }) => sum + (kind === "lost" ? count : kind === "reordered" ? -count : 0),
    0,
  );
  expect(sides.peer!.done + lost).toBe(sides.guest.done);
});

test("datagrams that nobody can take are not counted, and the lane goes on", async () => {
  const peer = await world.startPeer({ kind: "udp" });
  await world.start(...words("udp", "send", peer.ports.udp!), "--rate", "1000000");
  await world.until(doneBy(100));
  await peer.stop();
  // Each second one hears that the one before was refused, and is sent at the second attempt.
  const before = (await world.status()).lanes[0]!.done;
  await world.until(doneBy(before + 100));
  const { guest } = await world.end();
  expect(guest.how).toBe("stopped");
});

describe("what cannot work is refused with the reason", () => {
  test("no such address", async () => {
    await expect(world.start(...words("tcp", "send", 1, "benchmark"))).rejects.toThrow(
      "the peer's address is no IPv4 or IPv6 address",
    );
  });
  test("nobody listens", async () => {
    const peer = await world.startPeer({ kind: "tcp" });
    await peer.stop();
    await expect(world.start(...words("tcp", "send", peer.ports.tcp!))).rejects.toThrow(
      /no connection to 127\.0\.0\.1 port \d+ within 10 s: connection refused/u,
    );
    await expect(world.start(...words("udp", "send", peer.ports.tcp!))).rejects.toThrow(
      /no answer from 127\.0\.0\.1 port \d+ within 10 s/u,
    );
  });
  test("an address that is not ours to listen at", async () => {
    await expect(world.startPeer({ kind: "tcp" }, "192.0.2.1")).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("EADDRNOTAVAIL"),
    });
  });
});

test("a guest of another direction is turned away", async () => {
  const peer = await world.startPeer({ kind: "tcp", direction: "receive" });
  await world.start(...words("tcp", "send", peer.ports.tcp!));
  await world.until(async () => (await world.status()).lanes[0]!.done > 0);
  const sides = await world.end(peer);
  expect(sides.peer).toMatchObject({ how: "died", done: 0 });
});

/**
 * The count of flows, with sanitizers: traffic of known size between two network namespaces, compared with what was sent and
 * with what the interface itself counted.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Flow } from "../../src/model/artifacts.ts";
import type { RunningCommand } from "../../src/remote/machine.ts";
import { buildSanitized, openWorld, SANITIZED, type World } from "./inside.ts";

const NEAR = "v0";
const PORT = 49152;
/** Ethernet, IPv4 and UDP headers of a datagram; those that its further fragments have. */
const HEADERS = 14 + 20 + 8;
const FRAGMENT_HEADERS = 14 + 20;

let world: World;
let far: RunningCommand;

beforeAll(async () => {
  await buildSanitized();
  world = await openWorld("flows-test");
  const { machine } = world;
  far = await machine.start(["unshare", "--net", "cat"], { interactive: true });
  const ready = new Promise<void>((resolve) => far.onLine(() => resolve()));
  far.write("\n");
  await ready;
  const inFar = (...argv: string[]) => machine.run(["nsenter", `--target=${far.pid}`, "--net", "--", ...argv]);
  await machine.run(["ip", "link", "set", "lo", "up"]);
  await machine.run(["ip", "link", "add", NEAR, "type", "veth", "peer", "name", "v1", "netns", String(far.pid)]);
  for (const [run, end] of [
    [(...argv: string[]) => machine.run(argv), 0],
    [inFar, 1],
  ] as const) {
    const link = `v${end}`;
    await run("ip", "link", "set", link, "addrgenmode", "none");
    await run("ip", "addr", "add", `10.98.1.${end + 1}/24`, "dev", link);
    await run("ip", "-6", "addr", "add", `fd98:1::${end + 1}/64`, "dev", link, "nodad");
    await run("ip", "link", "set", link, "up");
  }
  await silence();
});

/** The kernel reports its IPv6 multicast groups for some seconds after a link has come up, whenever it likes to. */
async function silence(): Promise<void> {
  const heard = async (): Promise<string> =>
    (await world.machine.run(["ip", "-json", "-s", "link", "show", NEAR])).stdout;
  for (let before = ""; ; ) {
    const now = await heard();
    if (now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}
afterAll(async () => {
  far?.kill();
  await far?.ended;
  await world?.close();
});

interface Line {
  readonly flows: readonly Flow[];
  readonly dropped: number;
  readonly end: boolean;
}

/** Counts while `traffic` goes. @returns all lines, and what the interface counted meanwhile. */
async function counted(traffic: () => Promise<void>): Promise<{ lines: Line[]; in: number; out: number }> {
  const interfaceBytes = async (): Promise<{ rx: number; tx: number }> => {
    const { stdout } = await world.machine.run(["ip", "-json", "-statistics", "link", "show", "dev", NEAR]);
    const [{ stats64 }] = JSON.parse(stdout);
    return { rx: stats64.rx.bytes, tx: stats64.tx.bytes };
  };
  const command = await world.machine.start([SANITIZED.flows, "--interface", NEAR]);
  const lines: Line[] = [];
  await new Promise<void>((resolve, reject) => {
    command.onLine((stream, line) => {
      if (stream === "stdout") lines.push(JSON.parse(line));
      resolve();
    });
    void command.ended.then(({ stderrTail }) => reject(new Error(stderrTail)));
  });
  const before = await interfaceBytes();
  await traffic();
  const after = await interfaceBytes();
  command.kill();
  expect(await command.ended).toMatchObject({ exitCode: 0 });
  return { lines, in: after.rx - before.rx, out: after.tx - before.tx };
}

/** Runs a script of Node's on either end, to its end. */
const node = async (end: "near" | "far", script: string): Promise<void> => {
  const enter = end === "far" ? ["nsenter", `--target=${far.pid}`, "--net", "--"] : [];
  await world.machine.run([...enter, process.execPath, "--input-type=module", "-e", script], { timeout: 60 });
};

/** Sends `count` datagrams of `size` bytes of payload from one port to another; the far end says that nobody listens. */
const datagrams = (to: string, count: number, size: number): Promise<void> =>
  node(
    "near",
    `import { createSocket } from "node:dgram";
    import { once } from "node:events";
    const socket = createSocket("${to.includes(":") ? "udp6" : "udp4"}");
    socket.bind(5000);
    await once(socket, "listening");
    for (let i = 0; i < ${count}; i++) await new Promise((sent) => socket.send(Buffer.alloc(${size}), ${PORT}, "${to}", sent));
    socket.close();`,
  );

const sum = (flows: readonly Flow[], direction: Flow["direction"]): number =>
  flows.filter((flow) => flow.direction === direction).reduce((bytes, flow) => bytes + flow.bytes, 0);

test("a flow's bytes and packets are those that were sent, to the byte", async () => {
  const { lines } = await counted(() => datagrams("10.98.1.2", 300, 1000));
  expect(lines.at(-1)!.flows).toContainEqual({
    protocol: "udp",
    sourcePort: 5000,
    destinationPort: PORT,
    direction: "out",
    bytes: 300 * (1000 + HEADERS),
    packets: 300,
  });
});

test("over IPv6 too", async () => {
  const { lines } = await counted(() => datagrams("fd98:1::2", 50, 700));
  const udp = lines.at(-1)!.flows.filter(({ protocol }) => protocol === "udp");
  expect(udp).toMatchObject([{ direction: "out", packets: 50, bytes: 50 * (700 + HEADERS + 20) }]);
});

test("fragments have no ports, and are counted with what has none", async () => {
  const { lines } = await counted(() => datagrams("10.98.1.2", 20, 3000));
  const out = lines.at(-1)!.flows.filter(({ direction }) => direction === "out");
  expect(out.filter(({ protocol }) => protocol === "udp")).toEqual([]);
  const fragments = 20 * (3000 + 8 + 3 * FRAGMENT_HEADERS);
  const [other] = out;
  expect(other).toMatchObject({ protocol: "other", sourcePort: 0, destinationPort: 0 });
  // Neighbours are asked for now and then.
  expect(other!.bytes).toBeGreaterThanOrEqual(fragments);
  expect(other!.bytes).toBeLessThan(fragments + 500);
});

test("a TCP connection is two flows, and all flows together are what the interface counted", async () => {
  const payload = 8_000_000;
  const serving = node(
    "far",
    `import { createServer } from "node:net";
    const server = createServer((socket) => socket.resume().on("end", () => { socket.end(); server.close(); }));
    server.listen(${PORT}, "10.98.1.2");`,
  );
  const result = await counted(async () => {
    await node(
      "near",
      `import { connect } from "node:net";
      import { once } from "node:events";
      import { setTimeout } from "node:timers/promises";
      for (;;) {
        const socket = connect(${PORT}, "10.98.1.2");
        const [error] = await Promise.race([once(socket, "connect"), once(socket, "error").then(([e]) => [e])]).catch((e) => [e]);
        if (error) { await setTimeout(50); continue; }
        socket.resume().end(Buffer.alloc(${payload}));
        await once(socket, "close");
        break;
      }`,
    );
    await serving;
  });
  const { flows, dropped } = result.lines.at(-1)!;
  const tcp = flows.filter(({ protocol, packets }) => protocol === "tcp" && packets > 3);
  expect(tcp.map(({ direction }) => direction).toSorted()).toEqual(["in", "out"]);
  const out = tcp.find(({ direction }) => direction === "out")!;
  const back = tcp.find(({ direction }) => direction === "in")!;
  expect(out.destinationPort).toBe(PORT);
  expect(back).toMatchObject({ sourcePort: PORT, destinationPort: out.sourcePort });
  expect(out.bytes).toBeGreaterThan(payload);
  expect(out.bytes).toBeLessThan(payload * 1.08);
  expect({ in: sum(flows, "in"), out: sum(flows, "out"), dropped }).toEqual({
    in: result.in,
    out: result.out,
    dropped: 0,
  });
});

test("it tells how it stands every second, and that it has ended", async () => {
  const { lines } = await counted(async () => {
    await datagrams("10.98.1.2", 10, 100);
    await new Promise((resolve) => setTimeout(resolve, 2500));
  });
  expect(lines[0]).toEqual({ flows: [], dropped: 0, end: false });
  expect(lines.length).toBeGreaterThanOrEqual(4);
  expect(lines.map(({ end }) => end)).toEqual([...lines.slice(1).map(() => false), true]);
  const totals = lines.map(({ flows }) => sum(flows, "out"));
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
});

test("an interface that does not exist is an error that names it, and wrong arguments are refused", async () => {
  const nowhere = await world.machine.start([SANITIZED.flows, "--interface", "nowhere"]);
  expect(await nowhere.ended).toMatchObject({
    exitCode: 1,
    stderrTail: expect.stringMatching(/^flows: nowhere: no such/u),
  });
  const wrong = await world.machine.start([SANITIZED.flows]);
  expect(await wrong.ended).toMatchObject({ exitCode: 2, stderrTail: expect.stringMatching(/usage: flows/u) });
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { QmpClient, type QmpOptions } from "../../../../src/hypervisors/qemu/qmp/client.ts";
import type { QmpEvent } from "../../../../src/hypervisors/qemu/qmp/messages.ts";
import { transcriptFile } from "../../../../src/hypervisors/qemu/qmp/transcript.ts";
import { systemClock } from "../../../../src/model/time.ts";

const GREETING = { QMP: { version: { qemu: { major: 9, minor: 1, micro: 2 }, package: "" }, capabilities: [] } };

type Request = { execute: string; arguments: unknown; id: number };
/** What the peer does with a request; by default it answers `{}`. */
type Behaviour = (request: Request, say: (message: unknown) => void, socket: Socket) => void;

let directory: string;
const cleanup: (() => void)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "msq-"));
});
afterEach(() => {
  for (const each of cleanup.splice(0)) each();
  rmSync(directory, { recursive: true, force: true });
});

/** A peer on a unix socket that greets with `first` and then behaves as told. */
async function peer(behaviour: Behaviour, first: string = `${JSON.stringify(GREETING)}\r\n`): Promise<string> {
  const path = join(directory, "q.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const say = (message: unknown): void => void socket.write(`${JSON.stringify(message)}\r\n`);
    socket.write(first);
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop()!;
      for (const line of lines) {
        const request = JSON.parse(line) as Request;
        if (request.execute === "qmp_capabilities") say({ return: {}, id: request.id });
        else behaviour(request, say, socket);
      }
    });
    cleanup.push(() => socket.destroy());
  }).listen(path);
  cleanup.push(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  return path;
}
async function connected(behaviour: Behaviour, options: Partial<QmpOptions> = {}): Promise<QmpClient> {
  const client = await QmpClient.connect(await peer(behaviour), { where: "source", ...options });
  cleanup.push(() => client.close());
  return client;
}

describe("a QMP connection", () => {
  test("learns the version from the greeting", async () => {
    expect((await connected(() => {})).version).toBe("9.1.2");
  });

  test("gives every answer to its own command, whatever the order", async () => {
    const held: Request[] = [];
    const client = await connected((request, say) => {
      held.push(request);
      if (held.length === 3) for (const each of held.reverse()) say({ return: each.arguments, id: each.id });
    });
    const answers = ["a", "b", "c"].map((name) => client.execute("echo", { name }));
    expect(await Promise.all(answers)).toEqual([{ name: "a" }, { name: "b" }, { name: "c" }]);
  });

  test("turns a refusal into an error with class, command and QEMU's words", async () => {
    const client = await connected((request, say) =>
      say({ error: { class: "GenericError", desc: "no" }, id: request.id }),
    );
    await expect(client.execute("migrate")).rejects.toMatchObject({
      code: "HYPERVISOR_REFUSED",
      qmpClass: "GenericError",
      description: "no",
      message: "QEMU refused `migrate`: no",
      where: "source",
    });
    expect(client.isOpen).toBe(true);
  });

  test("hands out events between answers, with QEMU's time and ours", async () => {
    const before = systemClock();
    const client = await connected((request, say) => {
      say({ event: "STOP", timestamp: { seconds: 1_700_000_000, microseconds: 12 } });
      say({ event: "MIGRATION_PASS", data: { pass: 2 }, timestamp: { seconds: -1, microseconds: -1 } });
      say({ return: {}, id: request.id });
    });
    const events: QmpEvent[] = [];
    const undo = client.onEvent((event) => events.push(event));
    await client.execute("stop");
    undo();
    await client.execute("stop");
    expect(events).toMatchObject([
      { name: "STOP", data: {}, reported: 1_700_000_000_000_012 },
      { name: "MIGRATION_PASS", data: { pass: 2 } },
    ]);
    expect(events[1]).not.toHaveProperty("reported");
    expect(events[0]!.observed.mono).toBeGreaterThanOrEqual(before.mono);
  });

  test("that breaks rejects all that waits, and everything after", async () => {
    const client = await connected((_request, _say, socket) => socket.destroy());
    const waiting = [client.execute("a"), client.execute("b")];
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "HYPERVISOR_LOST", where: "source" });
    await expect(client.execute("c")).rejects.toMatchObject({ code: "HYPERVISOR_LOST" });
    expect(await client.closed).toMatchObject({ code: "HYPERVISOR_LOST" });
  });

  test("gives up on a command after its time, and survives the late answer", async () => {
    let late = (): void => {};
    const client = await connected((request, say) => {
      const answer = (): void => say({ return: {}, id: request.id });
      if (request.execute === "slow") late = answer;
      else answer();
    });
    await expect(client.execute("slow", {}, { timeout: 0.05 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    late();
    expect(await client.execute("quick")).toEqual({});
  });

  test("gives up on a command when it is interrupted", async () => {
    const client = await connected(() => {});
    const controller = new AbortController();
    const waiting = client.execute("slow", {}, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(client.execute("x", {}, { signal: controller.signal })).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("to something else says what that said", async () => {
    const path = await peer(() => {}, "SSH-2.0-OpenSSH_9.2\r\n");
    await expect(QmpClient.connect(path, { where: "source" })).rejects.toMatchObject({
      code: "HYPERVISOR_LOST",
      message: expect.stringContaining("SSH-2.0-OpenSSH_9.2"),
    });
  });

  test("to somebody silent, or to nobody, is an error", async () => {
    const path = await peer(() => {}, "");
    const silent = QmpClient.connect(path, { where: "source", timeout: 0.05 });
    await expect(silent).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    const nobody = QmpClient.connect(join(directory, "absent"), { where: "source" });
    await expect(nobody).rejects.toMatchObject({ code: "HYPERVISOR_LOST", message: expect.stringContaining("ENOENT") });
  });

  test("leaves a transcript of everything, as JSON lines", async () => {
    const file = join(directory, "qmp.jsonl");
    const transcript = transcriptFile(file, () => ({ wall: 5, mono: 6 }));
    const client = await connected((request, say) => say({ return: "ä", id: request.id }), { transcript });
    await client.execute("query-name");
    await transcript.end();
    const lines = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ direction }) => direction)).toEqual(["received", "sent", "received", "sent", "received"]);
    expect(lines[0]).toEqual({ at: { wall: 5, mono: 6 }, direction: "received", message: GREETING });
    expect(lines[4].message).toEqual({ return: "ä", id: 2 });
  });

  test("goes on when its transcript cannot be written", async () => {
    const transcript = transcriptFile("/dev/full", systemClock);
    const client = await connected((request, say) => say({ return: {}, id: request.id }), { transcript });
    for (let i = 0; i < 20; i++) expect(await client.execute("x")).toEqual({});
    await transcript.end();
  });
});

/** The capture program, with sanitizers, in a network namespace: every packet until it is told to stop, or an error. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunningCommand } from "../../src/remote/machine.ts";
import { readCapture } from "../../src/run/read/capture.ts";
import { readProbes } from "../../src/run/read/probes.ts";
import {
  ADDRESS,
  buildSanitized,
  FAR,
  openWorld,
  probe,
  SANITIZED,
  sequences,
  startTarget,
  type World,
} from "./inside.ts";

let world: World;
beforeAll(async () => {
  await buildSanitized();
  world = await openWorld("capture-test");
});
afterAll(() => world?.close());

async function startCapture(file: string): Promise<{ command: RunningCommand; lines: string[] }> {
  const command = await world.machine.start([SANITIZED.capture, "--interface", FAR, "--output", file]);
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    command.onLine((_, line) => {
      lines.push(line);
      resolve();
    });
    void command.ended.then(({ stderrTail }) => reject(new Error(stderrTail)));
  });
  return { command, lines };
}

test("every probe and every reply is in the file, to the last one before it was stopped", async () => {
  const file = join(world.directory, "all.pcap");
  const probes = join(world.directory, "all.bin");
  const target = await startTarget(world);
  const capture = await startCapture(file);
  await probe(world, "--target", ADDRESS.ipv4, "--count", "400", "--linger-ms", "50", "--output", probes);
  capture.command.kill();
  expect(await capture.command.ended).toMatchObject({ exitCode: 0 });
  target.command.kill();
  await target.command.ended;

  const log = readProbes(probes);
  const seen = readCapture(file, log.nonce);
  const captured = (reply: boolean): number[] =>
    Array.from({ length: seen.echoes.sequence.length }, (_, i) => i)
      .filter((i) => Boolean(seen.echoes.reply[i]) === reply)
      .map((i) => seen.echoes.sequence[i]!);
  expect(seen.damage).toBeNull();
  expect(captured(false)).toEqual(sequences(log, "sent"));
  expect(captured(true).sort((a, b) => a - b)).toEqual(sequences(log, "reply").sort((a, b) => a - b));
  expect(JSON.parse(capture.lines.at(-1)!)).toEqual({ captured: seen.packets, dropped: 0 });
});

test("an interface that does not exist is an error that names it", async () => {
  const command = await world.machine.start([SANITIZED.capture, "--interface", "nowhere", "--output", "/dev/null"]);
  const { exitCode, stderrTail } = await command.ended;
  expect(exitCode).toBe(1);
  expect(stderrTail).toMatch(/nowhere: no such interface/u);
});

test("a file that cannot be written is an error that names it, at once", async () => {
  const command = await world.machine.start([SANITIZED.capture, "--interface", FAR, "--output", "/dev/full"]);
  const { exitCode, stderrTail } = await command.ended;
  expect(exitCode).toBe(1);
  expect(stderrTail).toMatch(/\/dev\/full: No space left on device/u);
});

test("the wrong arguments are refused with the right ones", async () => {
  const command = await world.machine.start([SANITIZED.capture, "--interface", FAR]);
  const { exitCode, stderrTail } = await command.ended;
  expect(exitCode).toBe(2);
  expect(stderrTail).toMatch(/usage: capture/u);
});

test("a file is there and readable while the capture still runs", async () => {
  const file = join(world.directory, "early.pcap");
  const capture = await startCapture(file);
  expect((await stat(file)).size).toBeGreaterThanOrEqual(24);
  capture.command.kill("SIGKILL");
  await capture.command.ended;
  expect(readCapture(file, 0n).damage).toBeNull();
});

/** The prober's binary, with sanitizers, in a network namespace: what it records when the world misbehaves. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningCommand } from "../../src/remote/machine.ts";
import { parseProbes, readProbes } from "../../src/run/read/probes.ts";
import {
  ADDRESS,
  accountFor,
  buildSanitized,
  FAR,
  NATIVE,
  openWorld,
  probe,
  records,
  SANITIZED,
  sequences,
  startTarget,
  upTo,
  type World,
} from "./inside.ts";

const FLAG_OTHER_ADDRESS = 2;
let world: World;

beforeAll(async () => {
  await buildSanitized();
  world = await openWorld("prober-test");
});
afterAll(() => world?.close());

test("the unit tests of the C parts pass", async () => {
  await promisify(execFile)("make", ["-C", NATIVE, "-s", "check"]);
});

describe.each(["ipv4", "ipv6"] as const)("over %s", (family) => {
  test("every tick of the schedule is accounted for, and every probe is answered", async () => {
    const file = join(world.directory, `plain-${family}.bin`);
    const target = await startTarget(world, { address: ADDRESS[family] });
    const ended = await probe(world, "--target", ADDRESS[family], "--count", "300", "--output", file);
    target.command.kill();
    await target.command.ended;

    expect(ended).toMatchObject({ exitCode: 0 });
    const log = readProbes(file);
    expect(log).toMatchObject({ family: family === "ipv4" ? 4 : 6, interval: 1e-3, truncated: false, recordsLost: 0 });
    const account = accountFor(log);
    expect(account.ticks).toBe(300);
    const sent = sequences(log, "sent");
    expect(sequences(log, "reply").sort((a, b) => a - b)).toEqual(sent);
    expect(sequences(log, "departed").sort((a, b) => a - b)).toEqual(sent);
  });

  test("time goes forward: scheduled, sent, departed, received", async () => {
    const log = readProbes(join(world.directory, `plain-${family}.bin`));
    const departed = new Map(records(log, "departed").map((r) => [log.sequence[r]!, log.wall[r]!]));
    const received = new Map(records(log, "reply").map((r) => [log.sequence[r]!, log.wall[r]!]));
    for (const r of records(log, "sent")) {
      const sequence = log.sequence[r]!;
      expect(log.scheduled[r]).toBe(sequence * 1e6);
      expect(log.mono[r]).toBeGreaterThanOrEqual(log.scheduled[r]!);
      expect(departed.get(sequence)).toBeGreaterThanOrEqual(log.wall[r]!);
      expect(received.get(sequence)).toBeGreaterThanOrEqual(departed.get(sequence)!);
    }
  });
});

test("duplicate, reordered, late and foreign replies are kept as what they are", async () => {
  const file = join(world.directory, "odd.bin");
  const odd = await world.machine.start([`${NATIVE}/build/sanitized/odd-target`, FAR, ADDRESS.ipv4]);
  await new Promise<void>((resolve) => odd.onLine(() => resolve()));
  // Slow enough that even a stalled machine does not reorder what the target does not.
  const options = ["--target", ADDRESS.ipv4, "--interval-ns", "5000000", "--count", "160", "--output", file];
  expect(await probe(world, ...options)).toMatchObject({ exitCode: 0 });
  odd.kill();
  await odd.ended;

  const log = readProbes(file);
  const sent = new Set(sequences(log, "sent"));
  const replies = sequences(log, "reply");
  const positions = (n: number): number[] => replies.flatMap((sequence, i) => (sequence === n ? [i] : []));
  for (const n of upTo(160).filter((tick) => sent.has(tick))) {
    // 1 and 5 wait in the target for a later probe; a missed tick would leave them there.
    if ((n % 8 === 1 && !sent.has(n + 1)) || (n % 8 === 5 && !sent.has(n + 2))) continue;
    expect([n, positions(n).length]).toEqual([n, [2, 1, 1, 0, 1, 1, 1, 1][n % 8]]);
    if (n % 8 === 1) expect(positions(n)[0]).toBeGreaterThan(positions(n + 1)[0]!);
    if (n % 8 === 5) expect(positions(n)[0]).toBeGreaterThan(positions(n + 2)[0]!);
  }
  for (const r of records(log, "reply"))
    expect((log.flags[r]! & FLAG_OTHER_ADDRESS) !== 0).toBe(log.sequence[r]! % 8 === 4);
});

test("another prober's replies do not count", async () => {
  const target = await startTarget(world);
  const files = ["one", "two"].map((name) => join(world.directory, `${name}.bin`));
  await Promise.all(files.map((file) => probe(world, "--target", ADDRESS.ipv4, "--count", "200", "--output", file)));
  target.command.kill();
  await target.command.ended;
  for (const file of files) {
    const log = readProbes(file);
    expect(sequences(log, "reply").sort((a, b) => a - b)).toEqual(sequences(log, "sent"));
  }
});

test("ticks that pass while it is stopped are recorded as missed, not sent later", async () => {
  const file = join(world.directory, "stopped.bin");
  const progress: { sent: number }[] = [];
  const command = await world.machine.start([SANITIZED.prober, "--target", ADDRESS.ipv4, "--output", file]);
  command.onLine((_, line) => {
    if (line.includes("sent")) progress.push(JSON.parse(line));
  });
  await until(() => (progress.at(-1)?.sent ?? 0) > 50);
  command.kill("SIGSTOP");
  await pause(150);
  command.kill("SIGCONT");
  const before = progress.at(-1)!.sent;
  await until(() => progress.at(-1)!.sent > before + 50);
  command.kill("SIGTERM");
  expect(await command.ended).toMatchObject({ exitCode: 0 });

  const log = readProbes(file);
  const { missed } = accountFor(log);
  expect(missed).toBeGreaterThan(100);
  for (const r of records(log, "missed")) expect(log.mono[r]! - log.scheduled[r]!).toBeGreaterThanOrEqual(1e6);
});

test("a reader that does not read delays nothing", async () => {
  const file = join(world.directory, "blocked.bin");
  const target = await startTarget(world);
  const script = '"$0" --target "$1" --count 2000 2>"$3" | { sleep 3; cat >"$2"; }; exit 0';
  const words = join(world.directory, "words");
  await world.machine.run(["sh", "-c", script, SANITIZED.prober, ADDRESS.ipv4, file, words], { timeout: 120 });
  target.command.kill();
  await target.command.ended;
  const log = readProbes(file);
  expect(log.truncated).toBe(false);
  const { ticks, missed } = accountFor(log);
  expect(ticks).toBe(2000);
  // The pipe is full after half a second: a sender that waited for it would have missed the rest of the two seconds.
  expect(missed).toBeLessThan(ticks / 2);
  const last = (await readFile(words, "utf8")).trim().split("\n").at(-1)!;
  expect(JSON.parse(last)).toMatchObject({ lost: 0 });
});

test("a reader that goes away is an error with a clear message", async () => {
  const script = '{ "$0" --target "$1" --count 100000; echo "exit $?" >&2; } | head -c 1000 >/dev/null';
  const { stderr } = await world.machine.run(["sh", "-c", script, SANITIZED.prober, ADDRESS.ipv4]);
  expect(stderr).toContain("prober: cannot write to standard output: Broken pipe");
  expect(stderr).toContain("exit 1");
});

test("a full disk is an error with a clear message, and the file shows that it is cut", async () => {
  const small = join(world.directory, "small");
  const script = [
    'mkdir -p "$2" && mount -t tmpfs -o size=64k none "$2" || exit 99',
    '"$0" --target "$1" --count 100000 --output "$2/probes.bin"; code=$?',
    'cat "$2/probes.bin" >"$2.copy"; exit $code',
  ].join("\n");
  const run = world.machine.start(["unshare", "--mount", "sh", "-c", script, SANITIZED.prober, ADDRESS.ipv4, small]);
  const { exitCode, stderrTail } = await (await run).ended;
  expect(stderrTail).toContain("probes.bin: No space left on device");
  expect(exitCode).toBe(1);
  const log = readProbes(`${small}.copy`);
  expect(log.truncated).toBe(true);
  expect(log.length).toBeGreaterThan(1000);
});

test("a log that was cut anywhere is recognised as cut", async () => {
  const bytes = await readFile(join(world.directory, "plain-ipv4.bin"));
  expect(parseProbes(bytes, "whole").truncated).toBe(false);
  for (const cut of [1, 39, 40, 41, 1000]) expect(parseProbes(bytes.subarray(0, -cut), "cut").truncated).toBe(true);
});

test("killed, it leaves a readable log without an end", async () => {
  const file = join(world.directory, "killed.bin");
  const command = await world.machine.start([SANITIZED.prober, "--target", ADDRESS.ipv4, "--output", file]);
  await until(async () => (await stat(file).catch(() => ({ size: 0 }))).size > 4000);
  command.kill("SIGKILL");
  await command.ended;
  const log = readProbes(file);
  expect(log.truncated).toBe(true);
  await truncate(file, 64 + 40 * 10 + 7);
  expect(readProbes(file)).toMatchObject({ truncated: true, length: 10 });
});

test("it ends by itself when whoever watches it has gone", async () => {
  const file = join(world.directory, "orphan.bin");
  // The reader of standard error ends after the first line; nobody ever signals the prober.
  const script = '"$0" --target "$1" --output "$2" 2>&1 >/dev/null | head -n 1; wait';
  await world.machine.run(["sh", "-c", script, SANITIZED.prober, ADDRESS.ipv4, file], { timeout: 60 });
  await until(async () => !readProbes(file).truncated);
});

describe("bad arguments end with exit code 2 and say what is wrong", () => {
  test.each([
    [[], "--target is missing"],
    [["--target", "localhost"], "numeric"],
    [["--target", "127.0.0.1", "--interval-ns", "99999"], "from 100000 to 10000000000"],
    [["--target", "127.0.0.1", "--interval-ns", "1e6"], '"1e6"'],
    [["--target", "127.0.0.1", "--count", "0"], "--count"],
    [["--target", "127.0.0.1", "extra"], '"extra" is not an option'],
    [["--frequency", "5"], "unrecognized option"],
  ])("%j", async (options, words) => {
    const { exitCode, stderrTail } = await probe(world, ...options);
    expect(stderrTail).toContain(words);
    expect(exitCode).toBe(2);
  });

  test("a directory that does not exist is a failure, named", async () => {
    const { exitCode, stderrTail } = await probe(world, "--target", "127.0.0.1", "--output", "/nowhere/probes.bin");
    expect(stderrTail).toContain("/nowhere/probes.bin: No such file or directory");
    expect(exitCode).toBe(1);
  });
});

test("--check says as JSON what it may do", async () => {
  const { stdout } = await world.machine.run([SANITIZED.prober, "--check"]);
  expect(JSON.parse(stdout)).toMatchObject({ ipv4: true, ipv6: true, timestamps: "kernel" });
});

test("CAP_NET_RAW is all it needs, and without it it says so", async () => {
  const file = join(world.directory, "plain-user.bin");
  writeFileSync(file, "");
  const asNobody = (...caps: string[]): string[] => [
    ...["setpriv", "--bounding-set", caps.join(","), "--inh-caps", caps.join(","), "--no-new-privs"],
  ];
  const argv = [SANITIZED.prober, "--target", ADDRESS.ipv4, "--count", "50", "--linger-ms", "0", "--output", file];
  const started: RunningCommand = await world.machine.start([...asNobody("-all", "+net_raw"), ...argv]);
  expect(await started.ended).toMatchObject({ exitCode: 0 });
  expect(readProbes(file).truncated).toBe(false);
  const without = await (await world.machine.start([...asNobody("-all"), ...argv])).ended;
  expect(without.stderrTail).toContain("CAP_NET_RAW is needed");
  expect(without.exitCode).toBe(1);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition; the test's own time limit is the only one. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labProcesses } from "../../src/lab/processes.ts";
import type { LabState } from "../../src/lab/state.ts";
import { labStatus } from "../../src/lab/status.ts";
import { labUp } from "../../src/lab/up.ts";
import { CLI, NODE, Room, scriptPath, testbedNamed } from "./support/room.ts";

let room: Room;
let state: LabState;
beforeAll(async () => {
  room = new Room();
  state = await labUp(testbedNamed("one"));
});
afterAll(() => room[Symbol.asyncDispose]());

const enter = (...argv: string[]) => room.start([NODE, CLI, "enter", "one", ...argv]);
const INNER = scriptPath("inner.ts");

test("the command runs on the benchmark server, where it was started, and with our environment", async () => {
  const { stdout, code } = await enter(
    "sh",
    "-c",
    'hostname; pwd; echo "$MIGRASCOPE_STATE"; ip -brief -4 addr show svc0',
  ).ended;
  expect(stdout.split("\n").slice(0, 3)).toEqual(["benchmark", process.cwd(), room.state]);
  expect(stdout).toContain(`${state.machines.benchmark.service.ipv4}/24`);
  expect(code).toBe(0);
});

test("its exit code is ours", async () => {
  expect(await enter("sh", "-c", "exit 7").ended).toMatchObject({ code: 7 });
  expect(await enter("sh", "-c", "kill -KILL $$").ended).toMatchObject({ code: 137 });
});

test("all addresses answer at once, IPv6 too", async () => {
  const { source, destination } = state.machines;
  for (const { service, migration } of [source, destination])
    for (const address of [service.ipv4, service.ipv6, migration.ipv4, migration.ipv6])
      expect(await enter("ping", "-c1", "-W2", address).ended, address).toMatchObject({ code: 0 });
});

test("whatever it leaves behind ends with it", async () => {
  expect(await enter("sh", "-c", "setsid sleep 601 & exit 0").ended).toMatchObject({ code: 0 });
  expect(labStatus("one").guests).toEqual([]);
});

test("orphans are reaped while it runs", async () => {
  const { stdout } = await enter("sh", "-c", "sh -c 'sleep 0.1 & exit'; sleep 0.4; ps -A -o stat= | grep -c Z; true")
    .ended;
  expect(stdout.trim()).toBe("0");
});

test.each(["SIGINT", "SIGTERM"] as const)("%s reaches the command once, and not its children", async (signal) => {
  const run = enter(NODE, INNER);
  await run.seen("ready");
  run.child.kill(signal);
  expect(await run.ended).toMatchObject({ code: 0, stdout: `ready\n${signal}\nended after 1 signal, child alive\n` });
});

test("a terminal's Ctrl-C reaches it once too", async () => {
  const command = [NODE, CLI, "enter", "one", NODE, INNER].join(" ");
  const run = room.start(["script", "--quiet", "--return", "--flush", "--command", command, "/dev/null"], "pipe");
  await run.seen("ready");
  run.child.stdin!.write("\x03");
  const { stdout } = await run.ended;
  expect(stdout).toContain("ended after 1 signal, child alive");
});

test("when the outer process is killed the inner one learns of it and can put things in order", async () => {
  const note = join(room.directory, "note");
  const run = enter(NODE, INNER, note);
  await run.seen("ready");
  run.child.kill("SIGKILL");
  await expect.poll(() => existsSync(note) && readFileSync(note, "utf8"), { timeout: 10_000 }).toBe("put in order");
  await expect.poll(() => labStatus("one").guests, { timeout: 10_000 }).toEqual([]);
  expect(labStatus("one").health).toBe("healthy");
});

test("when the lab goes the command goes", async () => {
  const other = await labUp(testbedNamed("two"));
  const run = room.start([NODE, CLI, "enter", "two", "sh", "-c", "echo ready; sleep 602"]);
  await run.seen("ready");
  process.kill(other.init.pid, "SIGKILL");
  expect(await run.ended).toMatchObject({ code: 137 });
  await sleep(50);
  expect(labProcesses(other.directory)).toEqual([]);
});

test("every machine can be reached from inside, under its own name", async () => {
  const script = join(room.directory, "names.ts");
  const from = (path: string): string => JSON.stringify(new URL(`../../src/lab/${path}`, import.meta.url).href);
  writeFileSync(
    script,
    `import { labMachines } from ${from("machines.ts")};
     import { readLabState } from ${from("state.ts")};
     import { insideLab } from ${from("enter.ts")};
     for (const machine of Object.values(labMachines(readLabState(insideLab()!)!)))
       process.stdout.write(machine.name + " " + (await machine.run(["hostname"])).stdout);`,
  );
  const { stdout, stderr } = await enter(NODE, script).ended;
  expect(stdout, stderr).toBe("benchmark benchmark\nsource source\ndestination destination\nswitch switch\n");
});

test("a signal finds the command among its orphans, also when process ids begin a new digit", async () => {
  // In a PID namespace of its own the test decides which id comes next: the orphans' sort before the command's, as text.
  const orphans = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do (setsid sleep 30 &); done";
  const command = `trap "echo heard; exit 5" TERM; ${orphans}; echo ready; while :; do sleep 0.05; done`;
  const script = `
    lab() { "${NODE}" "${CLI}" "$@"; }
    lab lab up --name digits
    echo 9975 >/proc/sys/kernel/ns_last_pid
    "${NODE}" "${CLI}" enter digits sh -c '${command}' >"${join(room.directory, "heard")}" &
    until grep -q ready "${join(room.directory, "heard")}"; do sleep 0.05; done
    kill -TERM $!
    wait $! || code=$?
    lab lab down --name digits
    exit "$code"`;
  const { code, stderr } = await room.start([
    "timeout",
    "-s",
    "KILL",
    "100",
    "unshare",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    script,
  ]).ended;
  expect(code, stderr).toBe(5);
  expect(readFileSync(join(room.directory, "heard"), "utf8")).toBe("ready\nheard\n");
});

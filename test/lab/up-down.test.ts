import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { labDirectory } from "../../src/lab/directory.ts";
import { labDown } from "../../src/lab/down.ts";
import { lockLab } from "../../src/lab/lock.ts";
import { labProcesses } from "../../src/lab/processes.ts";
import { readLabState } from "../../src/lab/state.ts";
import { labNames, labStatus } from "../../src/lab/status.ts";
import { labUp } from "../../src/lab/up.ts";
import { NODE, Room, testbedNamed } from "./support/room.ts";

let room: Room;
beforeEach(() => {
  room = new Room();
});
afterEach(() => room[Symbol.asyncDispose]());

const links = (): string => execFileSync("ip", ["-brief", "link"], { encoding: "utf8" });
const inTheSourceHost = (state: { directory: string; init: { pid: number } }, pid: number): string =>
  readFileSync(`/proc/${state.init.pid}/root${state.directory}/proc/${pid}/net/dev`, "latin1");

test("a lab comes up healthy and goes without a trace", async () => {
  const before = { links: links(), mounts: readFileSync("/proc/mounts", "utf8") };
  const steps: string[] = [];
  const state = await labUp(testbedNamed("one"), { onStep: (step) => steps.push(step) });
  expect(steps.length).toBeGreaterThan(2);
  expect(state.mode).toBe("root");
  expect(labStatus("one")).toMatchObject({ health: "healthy", problems: [], guests: [] });
  expect(readLabState(state.directory)).toEqual(state);
  expect(links()).toBe(before.links);
  expect(inTheSourceHost(state, state.machines.source.pid)).toContain(state.machines.source.tap);

  expect(await labDown("one")).toMatchObject({ existed: true });
  expect(labProcesses(state.directory)).toEqual([]);
  expect(labStatus("one").health).toBe("absent");
  expect(readdirSync(room.state)).toEqual([]);
  expect({ links: links(), mounts: readFileSync("/proc/mounts", "utf8") }).toEqual(before);
});

test("up again leaves a healthy lab as it is", async () => {
  const first = await labUp(testbedNamed("one"));
  expect(await labUp(testbedNamed("one"))).toEqual(first);
});

test("other links build the lab anew, and say so", async () => {
  const first = await labUp(testbedNamed("one"));
  const steps: string[] = [];
  const slow = testbedNamed("one", { links: { migration: { rate: "97Mb/s" } } });
  const second = await labUp(slow, { onStep: (step) => steps.push(step) });
  expect(second.init).not.toEqual(first.init);
  expect(second.links.migration.rate).toBe(97e6);
  expect(steps[0]).toMatch(/other settings/u);
});

test("other links are refused while somebody uses the lab", async () => {
  await labUp(testbedNamed("one"));
  const user = room.start([
    NODE,
    join(import.meta.dirname, "support/cli.ts"),
    "enter",
    "one",
    "sh",
    "-c",
    "echo here; sleep 600",
  ]);
  await user.seen("here");
  expect(labStatus("one").guests.length).toBeGreaterThan(0);
  const slow = testbedNamed("one", { links: { service: { rate: "97Mb/s" } } });
  await expect(labUp(slow)).rejects.toMatchObject({ code: "LAB_BUSY" });
  await labDown("one");
  expect(await user.ended).toMatchObject({ code: 137 });
});

test.each([
  ["the init process", (name: string) => labStatus(name).state!.init.pid, /init process/u],
  ["a host's process", (name: string) => outsidePid(name, "source"), /holds the source/u],
  [
    "the SNMP agent",
    (name: string) => labProcesses(labDirectory(name)).find((one) => one.command === "snmpd")!.pid,
    /SNMP/u,
  ],
])("without %s a lab is broken, and up mends it", async (_what, victim, problem) => {
  await labUp(testbedNamed("one"));
  process.kill(victim("one"), "SIGKILL");
  await expect.poll(() => labStatus("one").problems.join()).toMatch(problem);
  expect(labStatus("one").health).toBe("broken");
  const steps: string[] = [];
  await labUp(testbedNamed("one"), { onStep: (step) => steps.push(step) });
  expect(steps[0]).toMatch(problem);
  expect(labStatus("one").health).toBe("healthy");
});

function outsidePid(name: string, machine: "source"): number {
  const state = labStatus(name).state!;
  return labProcesses(state.directory).find((one) => one.namespacePids.at(-1) === state.machines[machine].pid)!.pid;
}

test("down without a lab says so and succeeds", async () => {
  expect(await labDown("nothing")).toEqual({ existed: false, processes: 0 });
  const said = await room.cli("lab", "down", "--name", "nothing");
  expect(said).toMatchObject({ code: 0, stdout: 'there was no lab "nothing"\n' });
  expect(existsSync(join(room.state, "labs"))).toBe(false);
});

test("down removes a directory that no lab ever finished", async () => {
  const directory = labDirectory("half");
  mkdirSync(join(directory, "shared"), { recursive: true });
  writeFileSync(join(directory, "lab.json"), "{");
  expect(labStatus("half").health).toBe("broken");
  expect(await labDown("half")).toEqual({ existed: true, processes: 0 });
  expect(labNames()).toEqual([]);
});

test("two labs run at the same time and do not meet", async () => {
  const [one, two] = await Promise.all([labUp(testbedNamed("one")), labUp(testbedNamed("two"))]);
  expect(one.init.pid).not.toBe(two.init.pid);
  expect(labNames()).toEqual(["one", "two"]);
  await labDown("one");
  expect(labStatus("two").health).toBe("healthy");
  // Its switch forwards what its hosts send, as ever.
  expect(await room.cli("enter", "two", "ping", "-c1", "-W5", two.machines.destination.migration.ipv4)).toMatchObject({
    code: 0,
  });
});

test("two that build the same lab at once get one lab", async () => {
  const [one, two] = await Promise.all([labUp(testbedNamed("one")), labUp(testbedNamed("one"))]);
  expect(one).toEqual(two);
});

test("who holds a lab's lock keeps others out, and a killed holder lets go", async () => {
  const directory = labDirectory("one");
  const holder = room.start([
    NODE,
    "--input-type=module",
    "--eval",
    `const { lockLab } = await import(${JSON.stringify(new URL("../../src/lab/lock.ts", import.meta.url).href)});
     await lockLab(${JSON.stringify(directory)}); console.log("locked"); setInterval(() => {}, 1000);`,
  ]);
  await holder.seen("locked");
  await expect(lockLab(directory, 0)).rejects.toMatchObject({ code: "LAB_BUSY" });
  holder.child.kill("SIGKILL");
  await holder.ended;
  using lock = await lockLab(directory, 0);
  lock.remove();
});

test("a state directory too deep for sockets is refused before anything is made", async () => {
  process.env.MIGRASCOPE_STATE = join(room.directory, "d".repeat(80));
  await expect(labUp(testbedNamed("one"))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/MIGRASCOPE_STATE/u),
  });
  process.env.MIGRASCOPE_STATE = room.state;
});

test("an aborted up leaves nothing", async () => {
  const abort = new AbortController();
  const up = labUp(testbedNamed("one"), {
    signal: abort.signal,
    onStep: (step) => step.startsWith("connecting") && abort.abort(),
  });
  await expect(up).rejects.toMatchObject({ code: "CANCELLED" });
  expect(labStatus("one").health).toBe("absent");
});

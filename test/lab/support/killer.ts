/**
 * Kills at random moments, takes the lab down and compares what is there before and after. Runs in network, mount and PID
 * namespaces of its own: it sees nothing but what it started, so it can compare everything.
 * Arguments: seed, rounds, a testbed file. Prints one JSON line per round: what was killed, and the differences.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { labDirectory, stateDirectory } from "../../../src/lab/directory.ts";
import { labProcesses } from "../../../src/lab/processes.ts";
import { labStatus } from "../../../src/lab/status.ts";
import { CLI } from "./room.ts";

const [seed, rounds] = process.argv.slice(2, 4).map(Number) as [number, number];
const testbed = process.argv[4]!;
const NAME = "victim";
const DIRECTORY = labDirectory(NAME);

/** A small generator with a seed (mulberry32): the same seed kills the same things. */
let position = seed;
function random(): number {
  position = (position + 0x6d2b79f5) | 0;
  let t = Math.imul(position ^ (position >>> 15), 1 | position);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const oneOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];

function traces(): Record<string, string[]> {
  const lines = (command: string, ...args: string[]): string[] =>
    execFileSync(command, args, { encoding: "utf8" }).split("\n").sort();
  return {
    processes: readdirSync("/proc")
      .filter((entry) => /^\d+$/u.test(entry))
      .map((pid) => `${pid} ${commandOf(pid)}`)
      .sort(),
    mounts: readFileSync("/proc/self/mounts", "utf8").split("\n").sort(),
    links: lines("ip", "-brief", "link"),
    namespaces: lines("ip", "netns", "list"),
    sockets: readFileSync("/proc/net/unix", "utf8")
      .split("\n")
      .filter((line) => line.includes(stateDirectory())),
    files: existsSync(stateDirectory())
      ? readdirSync(stateDirectory(), { recursive: true, encoding: "utf8" }).sort()
      : [],
  };
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function differences(before: Record<string, string[]>, after: Record<string, string[]>): string[] {
  return Object.keys(before).flatMap((kind) => [
    ...after[kind]!.filter((line) => !before[kind]!.includes(line)).map((line) => `${kind}: + ${line}`),
    ...before[kind]!.filter((line) => !after[kind]!.includes(line)).map((line) => `${kind}: - ${line}`),
  ]);
}

interface Started {
  readonly child: ChildProcess;
  /** Listened for from the start: it may have ended before anyone asks. */
  readonly ended: Promise<number | null>;
}
function lab(...args: string[]): Started {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: "ignore" });
  return { child, ended: new Promise((resolve) => child.once("exit", (code) => resolve(code))) };
}
const up = (): Started => lab("lab", "up", "--testbed", testbed, "--name", NAME);
const down = (): Started => lab("lab", "down", "--name", NAME);

/** One of those that run `command`, if any does; otherwise any. */
function killOneOfTheLab(command?: string): string {
  const processes = labProcesses(DIRECTORY);
  const named = processes.filter((one) => one.command === command);
  const victim = oneOf(named.length > 0 ? named : processes);
  if (!victim) return "nothing there yet";
  try {
    process.kill(victim.pid, "SIGKILL");
  } catch {
    return `${victim.command}, which had just ended`;
  }
  return `${victim.command} (${victim.namespacePids.join("/")})`;
}

/** The servers, the holders of the machines, and what started the init. Of what is not there something else is taken. */
const PILLARS = ["snmpd", "sleep", "unshare", "libvirtd", "ganesha.nfsd"];
let running = 0;

/** Each returns what it killed. `span`: milliseconds that an undisturbed `lab up` takes. */
const ATTACKS: Readonly<Record<string, (span: number) => Promise<string>>> = {
  "lab up itself": async (span) => {
    const building = up();
    const after = random() * span * 1.1;
    await sleep(after);
    building.child.kill("SIGKILL");
    await building.ended;
    return `after ${after.toFixed(0)} ms`;
  },
  "a process of a lab that is being built": async (span) => {
    const building = up();
    await sleep(span * (0.3 + 0.7 * random()));
    const killed = killOneOfTheLab();
    await building.ended;
    return killed;
  },
  "processes of a running lab": async () => {
    await up().ended;
    // Each of those that hold the lab up has its turn; whatever else dies with it is chance.
    const killed = [killOneOfTheLab(PILLARS[running++ % PILLARS.length])];
    while (random() < 0.5) killed.push(killOneOfTheLab());
    return killed.join(", ");
  },
  "lab down itself": async (span) => {
    await up().ended;
    const removing = down();
    await sleep(random() * span);
    removing.child.kill("SIGKILL");
    await removing.ended;
    return "";
  },
  "the process that entered a running lab": async () => {
    await up().ended;
    const inner = lab("enter", NAME, "sh", "-c", "setsid sleep 600 & sleep 600");
    while (labStatus(NAME).guests.length < 3) await sleep(10);
    inner.child.kill("SIGKILL");
    await inner.ended;
    return "";
  },
};

const before = traces();
const started = performance.now();
await up().ended;
const span = performance.now() - started;
if (labStatus(NAME).health !== "healthy") throw new Error("the lab does not even come up undisturbed");
await down().ended;

const names = Object.keys(ATTACKS);
for (let round = 0; round < rounds; round += 1) {
  // Every attack has its turn; what it hits, and when, is chance.
  const attack = names[round % names.length]!;
  const killed = await ATTACKS[attack]!(span);
  const code = await down().ended;
  let left = differences(before, traces());
  // A zombie waits for its parent to be told.
  for (let patience = 0; left.length > 0 && patience < 40; patience += 1) {
    await sleep(25);
    left = differences(before, traces());
  }
  process.stdout.write(`${JSON.stringify({ round, attack, killed, down: code, left })}\n`);
}

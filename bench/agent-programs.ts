/** The programs that dirty memory, started for a benchmark: the agent's `memory-write` and its peers, one process each. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf, processesOf } from "./agent-memory-seen.ts";

export const PAGE = 4096;
export const MEBIBYTE = 2 ** 20;
export type Pattern = "sequential" | "random";

/** A started program and every line that it has printed, with the moment when it came. */
export interface Running {
  readonly pid: number;
  readonly lines: { readonly at: number; readonly text: string }[];
  /** Resolves when the program has ended and all of its output was read. */
  readonly ended: Promise<void>;
  signal(name: NodeJS.Signals): void;
}

/** CLOCK_MONOTONIC, seconds: the one by which the agent's windows are dated, when it runs on this machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e9;

export function start(argv: readonly string[]): Running {
  const [command, ...rest] = argv;
  const child: ChildProcess = spawn(command!, rest, { stdio: ["ignore", "pipe", "pipe"] });
  const lines: Running["lines"] = [];
  for (const stream of [child.stdout!, child.stderr!])
    createInterface({ input: stream }).on("line", (text) => lines.push({ at: now(), text }));
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve());
  });
  // Whoever never waits for the end still must not be ended by it.
  ended.catch(() => undefined);
  return { pid: child.pid ?? 0, lines, ended, signal: (name) => void child.kill(name) };
}

/** Of a process's first thread so far, seconds; right to a tick of the kernel's scheduler. */
export function scheduled(pid: number): { readonly cpu: number; readonly waited: number } {
  const [cpu, waited] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
  return { cpu: cpu! / 1e9, waited: waited! / 1e9 };
}
export const cpuSeconds = (pid: number): number => scheduled(pid).cpu;

/** The process among a program's own that holds the memory, and where. @throws Error when none came to hold it. */
export async function worker(program: Running, size: number): Promise<{ pid: number; address: number }> {
  for (let attempt = 0; attempt < 200; attempt++) {
    for (const pid of processesOf(program.pid)) {
      const address = memoryOf(pid, size);
      if (address !== null) return { pid, address };
    }
    await sleep(20);
  }
  const said = program.lines.map(({ text }) => text).join("\n");
  throw new Error(`no process of the program came to hold ${size} bytes of memory; it said:\n${said}`);
}

/** What one `dirty-rate` line of mm_dirty says: MiB that it wrote to, and its own milliseconds. */
export interface DirtyReport {
  readonly at: number;
  readonly mebibytes: number;
  readonly milliseconds: number;
}

/** mm_dirty prints the rate, of a whole number of MiB, rounded to one MiB per second: the number is found again. */
export function dirtyReports({ lines }: Running): DirtyReport[] {
  return lines.flatMap(({ at, text }) => {
    const found = /^dirty-rate: (\d+) \(MB\/s\), time \(ms\): (\d+)/.exec(text);
    if (!found) return [];
    const milliseconds = Number(found[2]);
    return [{ at, mebibytes: Math.round((Number(found[1]) * milliseconds) / 1000), milliseconds }];
  });
}

/**
 * @param rate MiB per second; null: as fast as it goes.
 * @param before words of a command that runs another one.
 */
export const mmDirty = (
  path: string,
  size: number,
  pattern: Pattern,
  rate: number | null,
  before: readonly string[] = [],
): Running =>
  start([
    ...before,
    ...["stdbuf", "-oL", path, "mm_dirty", "-m", String(size / MEBIBYTE), "-p", pattern],
    ...(rate === null ? [] : ["-r", String(rate)]),
  ]);

/** Where the user says that mig_mon's program is, or null after saying that it is left out. */
export function mmDirtyPath(option: string | undefined): string | null {
  const path = option ?? process.env.MM_DIRTY;
  if (path) return path;
  process.stdout.write("mm_dirty is left out: its program (mig_mon) is named by --mm-dirty PATH or MM_DIRTY=PATH\n");
  return null;
}

/** What else the machine had to do. */
export const load = (): string => {
  const [one] = readFileSync("/proc/loadavg", "utf8").split(" ");
  return `load average over the last minute ${one} on ${execFileSync("nproc", { encoding: "utf8" }).trim()} processors`;
};

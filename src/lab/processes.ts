/** The processes of a lab, found by the mark in their environment: no list on disk can be stale or cut short. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";
import { LAB_MARK } from "./directory.ts";

export interface LabProcess {
  /** As seen from here. */
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  /** Clock ticks after boot: with the process id it names one process for good. */
  readonly startTime: number;
  /** Process ids from this namespace inwards: the length says how deep it lives. */
  readonly namespacePids: readonly number[];
}

/** Seconds that killed processes get to disappear. */
const KILL_DEADLINE = 20;

/**
 * All processes of the lab in `directory`: those that carry its mark, and those in their PID namespaces, since libvirt starts
 * its VMs with an environment of its own. Zombies have no environment and do not count.
 */
export function labProcesses(directory: string): LabProcess[] {
  const mark = `${LAB_MARK}=${directory}`;
  const all = processIds();
  const marked = all.filter((pid) => readProc(pid, "environ")?.split("\0").includes(mark));
  // Those who come and go between here and there are in ours.
  const namespaces = new Set(marked.map(pidNamespace));
  namespaces.delete(pidNamespace("self"));
  namespaces.delete(undefined);
  const unmarked = all.filter((pid) => !marked.includes(pid) && namespaces.has(pidNamespace(pid)));
  return [...marked, ...unmarked.filter((pid) => readProc(pid, "environ"))]
    .map(describe)
    .filter((found) => found !== undefined);
}

function pidNamespace(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // It has ended, or it is another user's.
  }
}

/** The processes whose parent is `pid`. */
export const childrenOf = (pid: number): LabProcess[] =>
  processIds()
    .map(describe)
    .filter((found) => found !== undefined)
    .filter(({ parent }) => parent === pid);

const processIds = (): number[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/u.test(entry))
    .map(Number);

/** @returns the start time of a process in clock ticks after boot, or undefined when there is no such process. */
export const startTimeOf = (pid: number): number | undefined => describe(pid)?.startTime;

function describe(pid: number): LabProcess | undefined {
  const stat = readProc(pid, "stat");
  const status = readProc(pid, "status");
  if (stat === undefined || status === undefined) return undefined;
  // The command may contain spaces and parentheses; the fields after its last parenthesis are plain.
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  const namespacePids = /^NSpid:\s*(.*)$/mu.exec(status)?.[1]?.split(/\s+/u).map(Number) ?? [pid];
  return {
    pid,
    parent: Number(fields[1]),
    command: stat.slice(stat.indexOf("(") + 1, end),
    startTime: Number(fields[19]),
    namespacePids,
  };
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return undefined; // It has ended, or it is another user's.
  }
}

/**
 * Kills every process of the lab until none is left: the init first takes its PID namespace with it; the rest are those
 * that were on their way in or out.
 * @returns how many processes there were.
 * @throws MigrascopeError LAB_BROKEN naming processes that cannot be killed.
 */
export async function killLabProcesses(directory: string): Promise<number> {
  const seen = new Set<string>();
  const deadline = performance.now() + KILL_DEADLINE * 1000;
  for (;;) {
    const found = labProcesses(directory).filter((one) => one.pid !== process.pid);
    if (found.length === 0) return seen.size;
    for (const { pid, startTime } of found) {
      seen.add(`${pid} ${startTime}`);
      kill(pid);
    }
    if (performance.now() > deadline) {
      const left = found.map((one) => `${one.pid} (${one.command})`).join(", ");
      throw new MigrascopeError("LAB_BROKEN", `these processes do not end: ${left}`, { where: directory });
    }
    await sleep(10);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The agent of the guest on this machine, as its tests see it: its records, its processes, and the memory of its lanes. */
import { execFile } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AgentRecord, AgentStatus, type LaneRecord, type WindowRecord } from "../../src/model/agent.ts";
import { agentBinary } from "../../src/workloads/binary.ts";

export const GUEST = fileURLToPath(new URL("../../native/guest", import.meta.url));
export const PAGE = 4096;
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition; the test's own time limit is the only one. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever that is. @param words of the command line, blanks between them. */
export async function run(program: string, words: string): Promise<Ended> {
  const argv = words.split(" ").filter((word) => word !== "");
  return promisify(execFile)(program, argv, { maxBuffer: 1 << 28 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
  );
}

/** Lines that all pass the schema. */
export const recordsIn = (text: string): AgentRecord[] =>
  text
    .trim()
    .split("\n")
    .map((line) => AgentRecord.parse(JSON.parse(line)));

export const windowsOf = (records: readonly AgentRecord[], lane = 0): WindowRecord[] =>
  records.filter((one): one is WindowRecord => one.record === "window" && one.lane === lane);
export const laneOf = (records: readonly AgentRecord[], lane = 0): LaneRecord =>
  records.find((one): one is LaneRecord => one.record === "lane" && one.lane === lane)!;
export const endOf = (records: readonly AgentRecord[], lane = 0): Extract<AgentRecord, { record: "end" }> =>
  records.find((one): one is Extract<AgentRecord, { record: "end" }> => one.record === "end" && one.lane === lane)!;

/** Runs workloads in the foreground. @returns the records. @throws Error with what it said when it failed. */
export async function runFor(seconds: number, words: string, program?: string): Promise<AgentRecord[]> {
  const { code, stdout, stderr } = await run(program ?? (await agentBinary()), `run --seconds ${seconds} ${words}`);
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  return recordsIn(stdout);
}

let names = 0;

/** An agent in the background, which is gone when its test ends. */
export class Agent implements AsyncDisposable {
  readonly name = `test-${process.pid}-${names++}`;

  /** @param words of `start`. @throws Error with what it said when it does not start. */
  static async start(words: string): Promise<Agent> {
    const agent = new Agent();
    const { code, stderr } = await agent.ask("start", words);
    if (code !== 0) throw new Error(stderr);
    return agent;
  }

  async ask(command: string, words = ""): Promise<Ended> {
    return run(await agentBinary(), `${command} --name ${this.name} ${words}`);
  }

  async status(): Promise<AgentStatus> {
    return AgentStatus.parse(JSON.parse((await this.ask("status")).stdout));
  }

  async fetch(): Promise<AgentRecord[]> {
    return recordsIn((await this.ask("fetch")).stdout);
  }

  /** The supervisor first, then the lanes in their order. */
  processes(): number[] {
    const ours = readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && commandOf(pid).includes(this.name))
      .sort((a, b) => a - b);
    const supervisor = ours.filter((pid) => !ours.includes(parentOf(pid)));
    return [...supervisor, ...ours.filter((pid) => !supervisor.includes(pid))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.processes()) signal(pid, "SIGCONT");
    await this.ask("quit");
    for (const pid of this.processes()) signal(pid, "SIGKILL");
    await until(() => this.processes().length === 0);
  }
}

/** To a process that may have ended by itself in the meantime. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Empty when there is no such process any more, or it is a zombie. */
function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** Fields of /proc/PID/stat from the third on (the state); the command's name before them may hold blanks. */
export function fieldsOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
const parentOf = (pid: number): number => Number(fieldsOf(pid)[1] ?? 0);

/** Stops a process and returns when it stands still. */
export async function halt(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await until(() => fieldsOf(pid)[0] === "T");
}

/** The memory of a lane that writes to, or reads, `size` bytes: the only private mapping of that size. */
export class LaneMemory {
  readonly #file: string;
  readonly #start: number;
  readonly #size: number;

  constructor(pid: number, size: number) {
    this.#file = `/proc/${pid}/mem`;
    this.#size = size;
    const found = readFileSync(`/proc/${pid}/maps`, "utf8")
      .split("\n")
      .flatMap((line) => {
        const [from, to] = (line.split(" ")[0] ?? "").split("-").map((digits) => Number.parseInt(digits, 16));
        return to! - from! === size && line.includes(" rw-p ") ? [from!] : [];
      });
    if (found.length !== 1) throw new Error(`${found.length} mappings of ${size} bytes`);
    this.#start = found[0]!;
  }

  read(): Buffer {
    const file = openSync(this.#file, "r");
    try {
      const bytes = Buffer.alloc(this.#size);
      if (readSync(file, bytes, 0, this.#size, this.#start) !== this.#size) throw new Error("memory is cut");
      return bytes;
    } finally {
      closeSync(file);
    }
  }

  write(at: number, bytes: Uint8Array): void {
    const file = openSync(this.#file, "r+");
    try {
      writeSync(file, bytes, 0, bytes.length, this.#start + at);
    } finally {
      closeSync(file);
    }
  }
}

/** Numbers of the pages that differ. */
export function changedPages(before: Buffer, after: Buffer): number[] {
  const pages = Array.from({ length: before.length / PAGE }, (_, page) => page);
  return pages.filter(
    (page) => before.compare(after, page * PAGE, (page + 1) * PAGE, page * PAGE, (page + 1) * PAGE) !== 0,
  );
}

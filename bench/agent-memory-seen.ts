/**
 * How many pages another process has written to, counted from outside by what its pages hold (/proc/PID/mem): each
 * program writes the number of its pass over the memory into every page, so that the mean of those numbers tells how far
 * it is. Needs the right to trace the process: root, or its parent where the kernel allows it.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

/** The number of the pass in a page's first word. */
export type PassOf = (word: bigint) => bigint;

/** The agent's `memory-write`: pass in the upper half, page in the lower half; contents other than zero. */
export const agentPass: PassOf = (word) => word >> 32n;
/** stress-ng's write64 writes the number of the pass into every word. */
export const write64Pass: PassOf = (word) => word;

/** At most so many pages are read: enough for a pass to be known to 1/4096, few enough for some milliseconds. */
const SAMPLE = 4096;

/** A process and all below it. */
export function processesOf(pid: number): number[] {
  try {
    const below = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    return [pid, ...below.flatMap(processesOf)];
  } catch {
    return []; // It has ended.
  }
}

/** Address of the process's private writable mapping of exactly `size` bytes; null: it has none (yet). */
export function memoryOf(pid: number, size: number): number | null {
  let maps = "";
  try {
    maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  } catch {
    return null; // It has ended.
  }
  for (const line of maps.split("\n")) {
    const found = /^([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0\s*$/.exec(line);
    if (!found) continue;
    const [from, to] = [Number.parseInt(found[1]!, 16), Number.parseInt(found[2]!, 16)];
    if (to - from === size) return from;
  }
  return null;
}

/**
 * Passes over the memory, with their fraction; only differences mean anything.
 * @param pages how many the memory has; all of them, or SAMPLE spread evenly over them, are read.
 */
export function passesSeen(pid: number, address: number, pages: number, passOf: PassOf): number {
  const count = Math.min(pages, SAMPLE);
  const word = Buffer.alloc(8);
  const file = openSync(`/proc/${pid}/mem`, "r");
  try {
    let sum = 0n;
    for (let i = 0; i < count; i++) {
      const page = Math.floor((i * pages) / count);
      readSync(file, word, 0, 8, address + page * 4096);
      sum += passOf(word.readBigUInt64LE());
    }
    return Number(sum) / count;
  } finally {
    closeSync(file);
  }
}

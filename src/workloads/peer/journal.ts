/**
 * The file that the peer's records go to: written as they happen, readable at any moment, also after a kill. The first line
 * has a fixed length and is written again with each batch, so that it always says until when the records are complete.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { machine } from "node:os";
import type { AgentRecord } from "../../model/agent.ts";
import type { Clock, Instant } from "../../model/time.ts";

/** Stalls and discontinuities beyond this find no room; those of a connection always do. */
const MOST_FINDINGS = 100_000;
/** Bytes of the first line with its end. */
const FIRST_LINE = 384;
const AT_PAGESZ = 6n;

/** Bytes; Node has no name for it, the kernel tells every program (getauxval(3)). */
function pageSize(): number {
  const entries = new BigUint64Array(new Uint8Array(readFileSync("/proc/self/auxv")).buffer);
  for (let at = 0; at + 1 < entries.length; at += 2) if (entries[at] === AT_PAGESZ) return Number(entries[at + 1]);
  throw new Error("/proc/self/auxv does not tell the size of a page");
}

export class Journal {
  readonly #file: number;
  readonly #clock: Clock;
  readonly #windowLength: number;
  readonly #started: Instant;
  readonly #pageSize = pageSize();
  #end = FIRST_LINE;
  #lines: string[] = [];
  #findings = 0;
  #dropped = 0;

  /** @param windowLength µs. */
  constructor(path: string, windowLength: number, clock: Clock) {
    this.#file = openSync(path, "w");
    this.#clock = clock;
    this.#windowLength = windowLength;
    this.#started = clock();
    this.flush();
  }

  add(record: AgentRecord): void {
    const always = record.record === "discontinuity" && (record.kind === "broken" || record.kind === "connected");
    if (!always && (record.record === "stall" || record.record === "discontinuity")) {
      if (this.#findings === MOST_FINDINGS) {
        this.#dropped++;
        return;
      }
      this.#findings++;
    }
    this.#lines.push(JSON.stringify(record));
  }

  /** Writes what was added since the last time. Into the page cache: that takes some microseconds. */
  flush(): void {
    if (this.#lines.length > 0) {
      this.#end += this.#write(Buffer.from(`${this.#lines.join("\n")}\n`), this.#end);
      this.#lines = [];
    }
    const first: AgentRecord = {
      record: "agent",
      version: 1,
      side: "peer",
      machine: machine(),
      pageSize: this.#pageSize,
      windowLength: this.#windowLength,
      started: this.#started,
      fetched: this.#clock(),
      dropped: this.#dropped,
    };
    this.#write(Buffer.from(`${JSON.stringify(first).padEnd(FIRST_LINE - 1)}\n`), 0);
  }

  /** Returns the bytes, all of which are written. */
  #write(bytes: Buffer, at: number): number {
    let done = 0;
    while (done < bytes.length) done += writeSync(this.#file, bytes, done, bytes.length - done, at + done);
    return done;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

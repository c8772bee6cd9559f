/**
 * What the agent itself takes: the size of its file, and its memory with each kind of workload, what a workload asks for not
 * counted.
 *
 *     node bench/agent-memory.ts [--seconds 8]
 *
 * Beside the agent's own number, taken while it is at work, stand the kernel's of its processes: their proportional set sizes, and the peaks of
 * their resident sets, in which a page that processes share counts once for each. Exit code 1 when a kind takes a mebibyte or
 * more by its own number, or is not at work.
 */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AgentStatus } from "../src/model/agent.ts";
import { agentBinary } from "../src/workloads/binary.ts";
import { MEBIBYTE, start } from "./agent-programs.ts";

const { values: options } = parseArgs({ options: { seconds: { type: "string", default: "8" } } });
const SIZE = 16 * MEBIBYTE;

/** The agent's processes, by the name that it was given. */
function processesNamed(name: string): number[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      const words = /^\d+$/.test(entry) ? readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0") : [];
      return words[0] === agentPath && words[1] === "start" && words.includes(name) ? Number(entry) : [];
    } catch {
      return []; // It has ended.
    }
  });
}

/** Sum over processes of a line of a file in /proc/PID, bytes. */
function sumOf(processes: readonly number[], file: string, line: RegExp): number {
  return processes.reduce(
    (sum, pid) => sum + Number(line.exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1] ?? Number.NaN) * 1024,
    0,
  );
}

/** Of the default; and so short that the room for records is full in some seconds: a migration of a quarter of an hour. */
const WINDOWS = { usual: 100_000, full: 1000 } as const;

const agentPath = await agentBinary();
const directory = mkdtempSync(join(tmpdir(), "migrascope-bench-"));
// Takes in what comes and answers a hello: that is all that a sending guest needs of its peer.
const sink = createServer((socket) => socket.resume().on("error", () => undefined)).listen(0, "127.0.0.1");
await once(sink, "listening");
const { port } = sink.address() as AddressInfo;
const answers = createSocket("udp4").bind(port, "127.0.0.1");
answers.on("message", (datagram, from) => {
  if (datagram.readUInt32LE(12) === 0) answers.send(datagram, from.port, from.address);
});
const peer = ["--peer", "127.0.0.1", "--port", String(port), "--direction", "send", "--rate", "1000000"];
const memory = ["--size", String(SIZE), "--rate", "1000000"];
const disk = [...memory, "--directory", directory];
const kinds: { title: string; argv: string[]; asks: number }[] = [
  { title: "cpu, level 1", argv: ["cpu", "--level", "1"], asks: 0 },
  { title: "cpu, level 10", argv: ["cpu", "--level", "10"], asks: 0 },
  { title: "memory-write, sequential", argv: ["memory-write", ...memory], asks: SIZE },
  { title: "memory-write, random", argv: ["memory-write", ...memory, "--pattern", "random"], asks: SIZE },
  { title: "memory-write, skewed", argv: ["memory-write", ...memory, "--pattern", "skewed"], asks: SIZE },
  { title: "memory-read", argv: ["memory-read", ...memory], asks: SIZE },
  { title: "disk-write", argv: ["disk-write", ...disk], asks: 0 },
  { title: "disk-read", argv: ["disk-read", ...disk], asks: 0 },
  { title: "tcp", argv: ["tcp", ...peer], asks: 0 },
  { title: "udp", argv: ["udp", ...peer], asks: 0 },
];
// As many at once as a guest may run.
const eight = [...kinds.slice(0, 4), ...kinds.slice(6)];
kinds.push({
  title: "eight at once",
  argv: eight.flatMap(({ argv }, i) => (i === 0 ? argv : ["+", ...argv])),
  asks: eight.reduce((sum, { asks }) => sum + asks, 0),
});

interface Taken {
  /** Bytes, as the agent says. */
  readonly own: number;
  /** Bytes, as the kernel says: proportional set sizes, and peaks of the resident sets; the workload's memory taken off. */
  readonly proportional: number;
  readonly resident: number;
  readonly complaint: string;
}

const ask = (...argv: string[]): string => execFileSync(agentPath, argv, { encoding: "utf8", maxBuffer: 2 ** 30 });

async function measure({ argv, asks }: (typeof kinds)[number], windowLength: number): Promise<Taken> {
  const name = `bench-${process.pid}-${windowLength}`;
  const starter = start([agentPath, "start", "--name", name, "--window-us", String(windowLength), ...argv]);
  await starter.ended;
  try {
    await sleep(Number(options.seconds) * 1000);
    const status = AgentStatus.parse(JSON.parse(ask("status", "--name", name)));
    const processes = processesNamed(name);
    const proportional = sumOf(processes, "smaps_rollup", /^Pss: +(\d+) kB/m) - asks;
    const resident = sumOf(processes, "status", /^VmHWM:\s+(\d+) kB/m) - asks;
    const full = windowLength === WINDOWS.usual || / *"merged":([2-9]|\d\d)/.test(ask("fetch", "--name", name));
    const idle = status.lanes
      .filter(({ state }) => state !== "running")
      .map(({ kind, reason }) => `${kind}: ${reason}`);
    return {
      own: status.ownMemory,
      proportional,
      resident,
      complaint: idle.join("; ") || (full ? "" : "room not full"),
    };
  } finally {
    ask("quit", "--name", name);
  }
}

let met = true;
const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
process.stdout.write(`file ${kibibytes(statSync(agentPath).size)} (${statSync(agentPath).size} bytes)\n`);
process.stdout.write("KiB with a few records, and with the room for them full: own number, proportional, resident\n");
try {
  for (const kind of kinds) {
    const both = [await measure(kind, WINDOWS.usual), await measure(kind, WINDOWS.full)];
    met &&= both.every(({ own, complaint }) => own < MEBIBYTE && complaint === "");
    const cells = both.flatMap(({ own, proportional, resident }) => [own, proportional, resident]).map(kibibytes);
    const complaints = both.map(({ complaint }) => complaint && `  ${complaint}`).join("");
    process.stdout.write(`${kind.title.padEnd(26)} ${cells.map((cell) => cell.padStart(9)).join(" ")}${complaints}\n`);
  }
} finally {
  sink.close();
  answers.close();
  rmSync(directory, { recursive: true, force: true });
}
process.stdout.write(`${met ? "met" : "MISSED"}: under 1 MiB with every kind\n`);
process.exitCode = met ? 0 : 1;

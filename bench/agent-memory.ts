/**
 * What the agent itself takes: the size of its file, and its memory with each kind of workload, what a workload asks for not
 * counted.
 *
 *     node bench/agent-memory.ts [--seconds 20]
 *
 * Beside the agent's own number (proportional set size of its processes) stands the kernel's peak of their resident sets,
 * from outside, the workload's memory taken off: it counts shared pages once for each process, and is no smaller. Exit code
 * 1 when a kind takes a mebibyte or more.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AgentRecord } from "../src/model/agent.ts";
import { agentBinary } from "../src/workloads/binary.ts";
import { processesOf } from "./agent-memory-seen.ts";
import { MEBIBYTE, start } from "./agent-programs.ts";

const { values: options } = parseArgs({ options: { seconds: { type: "string", default: "20" } } });
const SIZE = 16 * MEBIBYTE;

/** Peaks of the resident sets of a process and all below it, bytes. */
function residentOf(pid: number): number {
  const peaks = processesOf(pid).map((process) => {
    try {
      const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${process}/status`, "utf8"));
      return Number(found?.[1] ?? 0) * 1024;
    } catch {
      return 0; // It has ended.
    }
  });
  return peaks.reduce((sum, peak) => sum + peak, 0);
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
  /** Bytes; null: it did not say. */
  readonly own: number | null;
  readonly resident: number;
  readonly complaints: readonly string[];
}

async function measure({ argv, asks }: (typeof kinds)[number], windowLength: number): Promise<Taken> {
  const program = start([agentPath, "run", "--seconds", options.seconds, "--window-us", String(windowLength), ...argv]);
  await sleep((Number(options.seconds) - 1) * 1000);
  const resident = residentOf(program.pid) - asks;
  await program.ended;
  const records = program.lines.flatMap(({ text }) =>
    text.startsWith("{") ? AgentRecord.parse(JSON.parse(text)) : [],
  );
  const [first] = records;
  const said = program.lines.flatMap(({ text }) => (text.startsWith("{") ? [] : text));
  const died = records.flatMap((record) =>
    record.record === "end" && record.how === "died" ? [record.reason ?? ""] : [],
  );
  const full = records.some((record) => record.record === "window" && record.merged > 1);
  const missing = windowLength === WINDOWS.full && !full ? ["its records' room was not full"] : [];
  const own = first?.record === "agent" ? (first.ownMemory ?? null) : null;
  return { own, resident, complaints: [...said, ...died, ...missing] };
}

let met = true;
const kibibytes = (bytes: number | null): string => (bytes === null ? "unknown" : `${(bytes / 1024).toFixed(0)} KiB`);
process.stdout.write(`file ${kibibytes(statSync(agentPath).size)} (${statSync(agentPath).size} bytes)\n`);
process.stdout.write(`${"".padEnd(26)}  own memory: usual, full   resident at its peak: usual, full\n`);
try {
  // All kinds side by side, at rates that leave room for it: memory does not depend on the time.
  const usual = await Promise.all(kinds.map((kind) => measure(kind, WINDOWS.usual)));
  const full = await Promise.all(kinds.map((kind) => measure(kind, WINDOWS.full)));
  for (const [i, { title }] of kinds.entries()) {
    const both = [usual[i]!, full[i]!];
    met &&= both.every(({ own, complaints }) => own !== null && own < MEBIBYTE && complaints.length === 0);
    const cells = [...both.map(({ own }) => own), ...both.map(({ resident }) => resident)].map(kibibytes);
    const complaints = both.flatMap((taken) => taken.complaints).map((words) => `  ${words}`);
    process.stdout.write(
      `${title.padEnd(26)} ${cells.map((cell) => cell.padStart(11)).join(" ")}${complaints.join("")}\n`,
    );
  }
} finally {
  sink.close();
  answers.close();
  rmSync(directory, { recursive: true, force: true });
}
process.stdout.write(`${met ? "met" : "MISSED"}: under 1 MiB with every kind\n`);
process.exitCode = met ? 0 : 1;

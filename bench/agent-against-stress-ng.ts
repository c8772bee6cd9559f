/**
 * The agent's `memory-write` flat out, against stress-ng's `--vm-method write64` and mig_mon's `mm_dirty`: how many different pages
 * does each dirty per second? One process each, one after the other, in turn, the same size of memory in pages of 4 KiB.
 *
 *     node bench/agent-against-stress-ng.ts [--mm-dirty PATH] [--repetitions 5] [--seconds 2]
 *
 * Pages of the agent and of stress-ng are counted from outside, by what their memory holds, and their own counts are held
 * against that; mm_dirty's are what it prints. Counting starts when a program has been over its memory at least once:
 * faults of the first pass are nobody's. Each count is also divided by the CPU time that the program got: who shares a
 * machine gets now more of it, now less, and the ratio of what two got one after the other is not theirs. Exit code 1 when the
 * median of a ratio per CPU second is below 1.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AgentRecord } from "../src/model/agent.ts";
import { agentBinary } from "../src/workloads/binary.ts";
import { agentPass, type PassOf, passesSeen, write64Pass } from "./agent-memory-seen.ts";
import * as programs from "./agent-programs.ts";
import { MEBIBYTE, PAGE, type Pattern, type Running } from "./agent-programs.ts";

const SIZES = [64, 512].map((mebibytes) => mebibytes * MEBIBYTE);
/** Seconds for the filling of the memory and for this program's own delays, before the agent ends. */
const SPARE = 3;
/** Of a measurement: a machine that had no time for it loses none. */
const ATTEMPTS = 5;
/** A reported bogo operation of write64 is 4096 rounds of its loop (VM_BOGO_SHIFT 12), each of 32 words of 8 bytes: 1 MiB. */
const PAGES_OF_BOGO_OPERATION = (4096 * 32 * 8) / PAGE;

/**
 * mm_dirty's `random` draws each page anew: of as many touches as there are pages, this share goes to different ones. The agent's
 * `random` goes over all before one comes again, as `sequential` does everywhere.
 */
const DIFFERENT_WHEN_DRAWN = 1 - Math.exp(-1);

/** Pages, CPU seconds and seconds between the same two moments; `own`: the program's count over that from outside. */
interface Sample {
  readonly pages: number;
  readonly cpu: number;
  readonly seconds: number;
  readonly own: number | null;
}
interface Contender {
  readonly name: string;
  readonly pattern: Pattern;
  readonly bytesPerPage: string;
  measure(size: number): Promise<Sample>;
}

const { values: options } = parseArgs({
  options: {
    "mm-dirty": { type: "string" },
    repetitions: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
  },
});
const seconds = Number(options.seconds);
const agentPath = await agentBinary();

/** Waits for a whole pass, then counts for `seconds`. */
async function watch(program: Running, size: number, passOf: PassOf) {
  const { pid, address } = await programs.worker(program, size);
  const pages = size / PAGE;
  const look = () => ({
    passes: passesSeen(pid, address, pages, passOf),
    cpu: programs.cpuSeconds(pid),
    at: programs.now(),
  });
  while (look().passes < 2) await sleep(10);
  const before = look();
  await sleep(seconds * 1000);
  const after = look();
  const counted = { pages: (after.passes - before.passes) * pages, cpu: after.cpu - before.cpu };
  return { ...counted, seconds: after.at - before.at, from: before.at, to: after.at, pid, address };
}

/** The pages of the windows that lie within the moments, made up to the whole time between them. */
function pagesByAgent(program: Running, from: number, to: number): number {
  let [done, length] = [0, 0];
  for (const { text } of program.lines) {
    const record = AgentRecord.parse(JSON.parse(text));
    if (record.record !== "window") continue;
    const begin = record.start.mono / 1e6;
    if (begin < from || begin + record.length / 1e9 > to) continue;
    done += record.done;
    length += record.length / 1e9;
  }
  return (done / length) * (to - from);
}

const agent = (pattern: Pattern, bytes: number): Contender => ({
  name: "agent",
  pattern,
  bytesPerPage: `${bytes} B`,
  async measure(size) {
    const program = programs.start([
      ...[agentPath, "run", "--seconds", String(Math.ceil(seconds) + SPARE), "memory-write"],
      ...["--size", String(size), "--pattern", pattern, "--bytes", String(bytes)],
    ]);
    const seen = await watch(program, size, agentPass);
    await program.ended;
    return { ...seen, own: pagesByAgent(program, seen.from, seen.to) / seen.pages };
  },
});

const write64: Contender = {
  name: "stress-ng write64",
  pattern: "sequential",
  bytesPerPage: "4096 B",
  async measure(size) {
    const program = programs.start([
      ...["stress-ng", "--vm", "1", "--vm-method", "write64", "--vm-bytes", String(size), "--vm-keep"],
      // Without it stress-ng chooses by lot among many, huge pages and pages that are given back among them.
      ...["--vm-madvise", "nohugepage", "--metrics", "--timeout", "600"],
    ]);
    const seen = await watch(program, size, write64Pass);
    // Standing still, all that it has written is there to be counted; the signal to end then meets it before anything else.
    process.kill(seen.pid, "SIGSTOP");
    const pages = (passesSeen(seen.pid, seen.address, size / PAGE, write64Pass) + 1) * (size / PAGE);
    program.signal("SIGINT");
    await sleep(200);
    process.kill(seen.pid, "SIGCONT");
    await program.ended;
    const line = program.lines.find(({ text }) => /metrc: \[\d+\] vm +\d+/.test(text));
    const operations = Number(/ vm +(\d+)/.exec(line?.text ?? "")?.[1] ?? Number.NaN);
    return { ...seen, own: (operations * PAGES_OF_BOGO_OPERATION) / pages };
  },
};

const mmDirty = (path: string, pattern: Pattern): Contender => ({
  name: "mm_dirty",
  pattern,
  bytesPerPage: "1 B",
  async measure(size) {
    const program = programs.mmDirty(path, size, pattern, null);
    // Its first second has the faults in it. CPU time is read when a line has come.
    const reports = () => programs.dirtyReports(program);
    const until = async (count: number) => {
      while (reports().length < count) await sleep(2);
      return { at: programs.now(), cpu: programs.cpuSeconds(program.pid) };
    };
    const before = await until(1);
    const after = await until(1 + Math.max(1, Math.round(seconds)));
    program.signal("SIGTERM");
    await program.ended;
    const counted = reports().slice(1, 1 + Math.max(1, Math.round(seconds)));
    const mebibytes = counted.reduce((sum, report) => sum + report.mebibytes, 0);
    return {
      pages: ((mebibytes * MEBIBYTE) / PAGE) * (pattern === "random" ? DIFFERENT_WHEN_DRAWN : 1),
      cpu: after.cpu - before.cpu,
      seconds: after.at - before.at,
      own: null,
    };
  },
});

async function tried(contender: Contender, size: number): Promise<Sample> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await contender.measure(size);
    } catch (cause) {
      // The agent had ended before its time was over: nothing was measured.
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT" || attempt === ATTEMPTS) throw cause;
      process.stdout.write(`${contender.name} once more: it had ended before it was looked at\n`);
    }
  }
}

const dirtyPath = programs.mmDirtyPath(options["mm-dirty"]);
/** Which of the agent's is held against which peer. */
const comparisons: { ours: Contender; peers: Contender[] }[] = [
  { ours: agent("sequential", 8), peers: [write64, ...(dirtyPath ? [mmDirty(dirtyPath, "sequential")] : [])] },
  { ours: agent("random", 8), peers: dirtyPath ? [write64, mmDirty(dirtyPath, "random")] : [write64] },
  { ours: agent("sequential", 4096), peers: [write64] },
];

const spread = (numbers: number[], show: (value: number) => string): string => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map(show).join(" / ");
};
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const millions = (value: number): string => (value / 1e6).toPrecision(3);
const times = (value: number): string => value.toPrecision(3);

let met = true;
process.stdout.write(
  `${options.repetitions} rounds of ${seconds} s; minimum / median / maximum; pages in millions\n${programs.load()}\n`,
);
for (const size of SIZES) {
  const contenders = [...new Set(comparisons.flatMap(({ ours, peers }) => [ours, ...peers]))];
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < Number(options.repetitions); round++)
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
      samples.get(contender)!.push(await tried(contender, size));

  process.stdout.write(`\n${size / MEBIBYTE} MiB, ${size / PAGE} pages\n`);
  const titleOf = ({ name, pattern, bytesPerPage }: Contender): string =>
    `${name}, ${pattern}, ${bytesPerPage} a page`.padEnd(42);
  for (const [contender, taken] of samples) {
    const own = taken.flatMap((sample) => sample.own ?? []);
    process.stdout.write(
      `${titleOf(contender)} per second ${spread(
        taken.map((s) => s.pages / s.seconds),
        millions,
      ).padEnd(22)}` +
        ` per CPU second ${spread(
          taken.map((s) => s.pages / s.cpu),
          millions,
        ).padEnd(22)}` +
        ` own count / seen ${own.length > 0 ? spread(own, (share) => share.toFixed(4)) : "only its own"}\n`,
    );
  }
  for (const { ours, peers } of comparisons)
    for (const peer of peers) {
      const ratios = (rate: (sample: Sample) => number): number[] =>
        samples.get(ours)!.map((sample, round) => rate(sample) / rate(samples.get(peer)![round]!));
      const [wall, cpu] = [ratios((s) => s.pages / s.seconds), ratios((s) => s.pages / s.cpu)];
      met &&= median(cpu) >= 1;
      process.stdout.write(
        `  ${titleOf(ours)} over ${titleOf(peer)} per second ${spread(wall, times).padEnd(22)} per CPU second ${spread(cpu, times)}\n`,
      );
    }
}
process.stdout.write(
  `${programs.load()}\n${met ? "met" : "MISSED"}: the agent dirties at least as many pages per CPU second\n`,
);
process.exitCode = met ? 0 : 1;

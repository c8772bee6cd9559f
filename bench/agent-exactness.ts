/**
 * How exactly the agent's `memory-write` keeps to a rate: of all stretches of a second, and of the whole. Asked are 1, 10 and
 * 100 MB/s, 1 GB/s and 80 % of what the machine gives flat out, in sequence and at random; mig_mon's `mm_dirty` runs beside it,
 * at the same time, with the same rate in its own unit of a MiB.
 *
 *     node bench/agent-exactness.ts [--mm-dirty PATH] [--seconds 60] [--size-mib 64] [--first]
 *
 * `--first` puts the programs before everything else on this machine (chrt, needs root), at the four fixed rates: what is then left is
 * the agent's own fault, or that of whoever runs this virtual machine. Without, other work on the machine counts.
 *
 * What the agent says is held against what its memory shows from outside, by this program's clock. Stalls (nothing went on for
 * more than 10 ms) are not made up for, on purpose: so each deviation is given twice, with the time of the recorded stalls
 * taken out and with it left in. `waited`: seconds in which the agent could have run and had no processor. Exit code 1 when a deviation without stalls is above 1 % in a second, or 0.1 % over all.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AgentRecord, type WindowRecord } from "../src/model/agent.ts";
import { agentBinary } from "../src/workloads/binary.ts";
import { agentPass, passesSeen } from "./agent-memory-seen.ts";
import * as programs from "./agent-programs.ts";
import { MEBIBYTE, PAGE, type Pattern } from "./agent-programs.ts";

const RATES = [1e6, 10e6, 100e6, 1e9];
const SHARE_OF_MOST = 0.8;
/** Lowest of the real-time priorities: above all that has none. */
const FIRST = ["chrt", "--fifo", "1"];
const BAR_SECOND = 0.01;
const BAR_WHOLE = 0.001;

const { values: options } = parseArgs({
  options: {
    "mm-dirty": { type: "string" },
    seconds: { type: "string", default: "60" },
    "size-mib": { type: "string", default: "64" },
    first: { type: "boolean", default: false },
  },
});
const seconds = Number(options.seconds);
const size = Number(options["size-mib"]) * MEBIBYTE;
const agentPath = await agentBinary();
const dirtyPath = programs.mmDirtyPath(options["mm-dirty"]);

const startAgent = (pattern: Pattern, length: number, rate: number | null) =>
  programs.start([
    ...(options.first ? FIRST : []),
    ...[agentPath, "run", "--seconds", String(length), "memory-write", "--size", String(size), "--pattern", pattern],
    ...(rate === null ? [] : ["--rate", String(rate)]),
  ]);

const recordsOf = (program: programs.Running): AgentRecord[] =>
  program.lines.map(({ text }) => AgentRecord.parse(JSON.parse(text)));
const windowsOf = (program: programs.Running): WindowRecord[] =>
  recordsOf(program).flatMap((record) => (record.record === "window" ? record : []));

/** Done over asked, minus 1; with `without`, the stalls' share of what was asked is not asked. */
function deviation(windows: readonly WindowRecord[], without: boolean): number {
  const sum = (of: (window: WindowRecord) => number): number => windows.reduce((total, w) => total + of(w), 0);
  const share = without ? 1 - sum((w) => w.stalled) / sum((w) => w.length) : 1;
  return sum((w) => w.done) / (sum((w) => w.asked ?? Number.NaN) * share) - 1;
}

/** Stretches of at least a second, one beginning with each window: whichever of them is the farthest off. */
function worstSecond(windows: readonly WindowRecord[], without: boolean): number {
  let worst = 0;
  for (let from = 0; from < windows.length; from++) {
    let [to, length] = [from, 0];
    while (to < windows.length && length < 1e9) length += windows[to++]!.length;
    if (length < 1e9) break;
    const off = deviation(windows.slice(from, to), without);
    if (Math.abs(off) > Math.abs(worst)) worst = off;
  }
  return worst;
}

/** mm_dirty: its own windows of a second, of which its stalls are a part; and all of them together. */
function mmDirtyDeviations(program: programs.Running, rate: number): { worst: number; whole: number } | null {
  // The first counts from before the memory was first touched; the last may be half of a second that was cut off.
  const reports = programs.dirtyReports(program).slice(1);
  if (reports.length === 0) return null;
  const off = (mebibytes: number, milliseconds: number): number => (mebibytes * 1000) / milliseconds / rate - 1;
  const each = reports.map((report) => off(report.mebibytes, report.milliseconds));
  const sum = (of: (report: programs.DirtyReport) => number): number => reports.reduce((all, r) => all + of(r), 0);
  return {
    worst: each.reduce((worst, value) => (Math.abs(value) > Math.abs(worst) ? value : worst), 0),
    whole: off(
      sum((r) => r.mebibytes),
      sum((r) => r.milliseconds),
    ),
  };
}

/** Bytes per second, flat out: the median of the windows of three seconds. */
async function most(pattern: Pattern): Promise<number> {
  const program = startAgent(pattern, 3, null);
  await program.ended;
  const rates = windowsOf(program).map(({ done, length }) => (done * PAGE * 1e9) / length);
  return rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)]!;
}

const percent = (value: number): string => `${(value * 100).toFixed(3)} %`.padStart(10);
const header = ["worst second", "whole", "worst, stalls in", "whole, stalls in", "seen", "stalls", "stalled", "waited"];
const widths = [12, 10, 16, 16, 10, 6, 9, 9];

async function measure(pattern: Pattern, rate: number, peer: boolean): Promise<boolean> {
  // mm_dirty knows whole MiB only.
  const peerRate = Math.max(1, Math.round(rate / MEBIBYTE));
  const beside =
    peer && dirtyPath ? programs.mmDirty(dirtyPath, size, pattern, peerRate, options.first ? FIRST : []) : null;
  const program = startAgent(pattern, seconds, Math.round(rate));
  const { pid, address } = await programs.worker(program, size);
  const look = () => ({
    passes: passesSeen(pid, address, size / PAGE, agentPass),
    waited: programs.scheduled(pid).waited,
    at: programs.now(),
  });
  // It is at work when a page has come to carry a later pass than the first filling left in all of them.
  while (look().passes === 0) await sleep(10);
  await sleep(500);
  const before = look();
  await sleep((seconds - 2) * 1000);
  const after = look();
  const seen = ((after.passes - before.passes) * size) / (rate * (after.at - before.at)) - 1;
  await program.ended;
  beside?.signal("SIGTERM");
  await beside?.ended;

  const windows = windowsOf(program);
  const stalls = recordsOf(program).flatMap((record) => (record.record === "stall" ? record.length / 1e6 : []));
  const worst = worstSecond(windows, true);
  const whole = deviation(windows, true);
  const cells = [
    ...[worst, whole, worstSecond(windows, false), deviation(windows, false), seen].map(percent),
    String(stalls.length),
    `${stalls.reduce((all, ms) => all + ms, 0).toFixed(0)} ms`,
    `${(after.waited - before.waited).toFixed(2)} s`,
  ];
  process.stdout.write(
    `${pattern.padEnd(11)}${(rate / 1e6).toFixed(0).padStart(7)} MB/s ${cells.map((cell, i) => cell.padStart(widths[i]!)).join("  ")}\n`,
  );
  const theirs = beside === null ? null : mmDirtyDeviations(beside, peerRate);
  if (theirs)
    process.stdout.write(
      `  mm_dirty ${String(peerRate).padStart(7)} MiB/s${" ".repeat(29)}${percent(theirs.worst).padStart(16)}  ${percent(theirs.whole).padStart(16)}\n`,
    );
  return Math.abs(worst) <= BAR_SECOND && Math.abs(whole) <= BAR_WHOLE;
}

let met = true;
process.stdout.write(`${size / MEBIBYTE} MiB, ${seconds} s each; done over asked, minus 1\n${programs.load()}\n`);
process.stdout.write(`${" ".repeat(24)}${header.map((word, i) => word.padStart(widths[i]!)).join("  ")}\n`);
for (const pattern of ["sequential", "random"] as const) {
  for (const rate of RATES) met = (await measure(pattern, rate, true)) && met;
  if (!options.first) met = (await measure(pattern, SHARE_OF_MOST * (await most(pattern)), false)) && met;
}
process.stdout.write(`${programs.load()}\n`);
process.stdout.write(
  `${met ? "met" : "MISSED"}: without stalls, within ${BAR_SECOND * 100} % in each second and ${BAR_WHOLE * 100} % over all\n`,
);
process.exitCode = met ? 0 : 1;

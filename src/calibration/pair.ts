/** One prober and one echo target on a link of their own, while a script is played. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";
import { nativePrograms } from "../probes/native.ts";
import { startProber } from "../probes/prober.ts";
import type { Machine } from "../remote/machine.ts";
import { makeLink } from "./namespace.ts";
import { type ScriptedOutage, scriptLength, scriptText } from "./script.ts";
import { readTruth, type Truth } from "./truth.ts";

/** Seconds of service after the last outage. */
const TAIL = 0.5;

export interface PairOptions {
  /** Inside the calibration's namespace. */
  readonly machine: Machine;
  readonly index: number;
  readonly family: "ipv4" | "ipv6";
  /** Seconds between probes. */
  readonly interval: number;
  readonly script: readonly ScriptedOutage[];
  /** Where the script, the truth and the prober's log are written. */
  readonly directory: string;
  readonly onTruth: () => void;
  readonly signal: AbortSignal;
}

export interface PairRecord {
  readonly truth: Truth;
  /** The prober's log, as in a trial. */
  readonly probes: string;
}

/** Plays the script. @throws MigrascopeError of the prober or the target; CANCELLED on the signal. */
export async function playPair(options: PairOptions): Promise<PairRecord> {
  const { machine, index, directory, script, signal } = options;
  const { echoTarget } = await nativePrograms();
  const link = await makeLink(machine, index, options.family);
  const scriptFile = join(directory, `script-${index}.txt`);
  const probes = join(directory, `probes-${index}.bin`);
  await writeFile(scriptFile, scriptText(script));

  const argv = ["--interface", link.targetInterface, "--address", link.targetAddress, "--script", scriptFile];
  // What half an interval would show as late, the target must know of itself.
  argv.push("--stall-ns", String(Math.round(Math.min(200e-6, options.interval / 5) * 1e9)));
  const target = await machine.start([echoTarget, ...argv]);
  const lines: string[] = [];
  target.onLine((stream, line) => {
    if (stream !== "stdout") return;
    lines.push(line);
    if (/"kind":"(?:loss|hold|replies)"/u.test(line)) options.onTruth();
  });
  try {
    const prober = await startProber(machine, {
      target: link.targetAddress,
      interval: options.interval,
      output: probes,
    });
    const interrupted = await sleep((scriptLength(script) + TAIL) * 1000, false, { signal }).catch(() => true);
    await prober.stop();
    if (interrupted) throw new MigrascopeError("CANCELLED", "the calibration was interrupted");
  } finally {
    target.kill("SIGTERM");
  }
  const { exitCode, stderrTail } = await target.ended;
  if (exitCode !== 0) throw new MigrascopeError("PROBER_FAILED", `the echo target failed. ${stderrTail.trim()}`);
  await writeFile(join(directory, `truth-${index}.jsonl`), `${lines.join("\n")}\n`);
  return { truth: readTruth(lines, script), probes };
}

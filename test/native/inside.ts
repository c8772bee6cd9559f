/** A network namespace with one link for a test, and what the tests of the C programs have in common. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeLink, openNamespace } from "../../src/calibration/namespace.ts";
import type { Machine, RunningCommand } from "../../src/remote/machine.ts";
import { PROBE_RECORD, type ProbeLog } from "../../src/run/read/probes.ts";

export const NATIVE = fileURLToPath(new URL("../../native/prober", import.meta.url));
/** With address and undefined-behaviour sanitizers: they end the program at the first fault. */
export const SANITIZED = {
  prober: `${NATIVE}/build/sanitized/prober`,
  target: `${NATIVE}/build/sanitized/echo-target`,
  capture: `${NATIVE}/build/sanitized/capture`,
  flows: `${NATIVE}/build/sanitized/flows`,
};
export const ADDRESS = { ipv4: "10.99.0.2", ipv6: "fd99:0::2" } as const;
/** The target's interface on the link; the prober's is `p0`. */
export const FAR = "t0";

export interface World {
  readonly machine: Machine;
  readonly directory: string;
  close(): Promise<void>;
}

/** @param name of the world in messages. Nothing answers until the test starts something that does. */
export async function openWorld(name: string): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "migrascope-native-"));
  const namespace = await openNamespace(name);
  await makeLink(namespace.machine, 0, "ipv4");
  return {
    machine: namespace.machine,
    directory,
    close: async () => {
      await namespace.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function buildSanitized(): Promise<void> {
  await promisify(execFile)("make", ["-C", NATIVE, "-s", "-j2", "sanitized"]);
}

/** Starts the sanitized target and waits until it listens; `lines` collects what it prints. */
export async function startTarget(
  world: World,
  options: { address?: string; script?: string } = {},
): Promise<{ command: RunningCommand; lines: string[] }> {
  const argv = [SANITIZED.target, "--interface", FAR, "--address", options.address ?? ADDRESS.ipv4];
  if (options.script !== undefined) argv.push("--script", options.script);
  const command = await world.machine.start(argv);
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    command.onLine((stream, line) => {
      if (stream === "stdout") lines.push(line);
      resolve();
    });
    void command.ended.then(({ stderrTail }) => reject(new Error(`the target ended: ${stderrTail}`)));
  });
  return { command, lines };
}

/** Runs the sanitized prober to the end of its count. @returns its exit code and words. */
export async function probe(world: World, ...options: string[]): Promise<Awaited<RunningCommand["ended"]>> {
  const command = await world.machine.start([SANITIZED.prober, ...options]);
  return command.ended;
}

/** Sequence numbers of all records of a kind, in the file's order. */
export function sequences(log: ProbeLog, kind: keyof typeof PROBE_RECORD): number[] {
  return records(log, kind).map((r) => log.sequence[r]!);
}

/** Indices of all records of a kind. */
export function records(log: ProbeLog, kind: keyof typeof PROBE_RECORD): number[] {
  return Array.from({ length: log.length }, (_, r) => r).filter((r) => log.kind[r] === PROBE_RECORD[kind]);
}

/** 0, 1, … n-1. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Every tick of the schedule is sent, missed or refused, exactly once. Returns how many of each. */
export function accountFor(log: ProbeLog): { ticks: number; sent: number; missed: number; refused: number } {
  const seen: number[] = [];
  let missed = 0;
  for (let r = 0; r < log.length; r++) {
    const kind = log.kind[r]!;
    if (kind === PROBE_RECORD.sent || kind === PROBE_RECORD.sendError) seen.push(log.sequence[r]!);
    if (kind !== PROBE_RECORD.missed) continue;
    missed += log.count[r]!;
    for (let i = 0; i < log.count[r]!; i++) seen.push(log.sequence[r]! + i);
  }
  const end = records(log, "end")[0];
  const ticks = end === undefined ? seen.length : log.sequence[end]!;
  if (seen.join() !== upTo(ticks).join()) throw new Error("some tick is recorded twice, not at all, or out of order");
  return { ticks, sent: records(log, "sent").length, missed, refused: records(log, "sendError").length };
}

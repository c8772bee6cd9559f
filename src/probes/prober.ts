/** The prober as an instrument: started on a machine, watched by its lines of progress, stopped when its last reply is in. */
import { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine, RunningCommand } from "../remote/machine.ts";
import { nativePrograms } from "./native.ts";

/** Seconds in which the prober must have opened its sockets. */
const READY_WITHIN = 20;
/** Seconds beyond the linger time after which a prober that was told to stop is killed. */
const STOP_PATIENCE = 30;

export interface ProberOptions {
  /** Numeric IPv4 or IPv6 address. */
  readonly target: string;
  /** Seconds between probes, 100 µs to 10 s. */
  readonly interval: number;
  /** The file that becomes `probes.bin`. */
  readonly output: string;
  /** Ticks after which it ends by itself; without it, it probes until stopped. */
  readonly count?: number | undefined;
  /** Seconds to wait for late replies after the last probe. Default 0.5. */
  readonly linger?: number | undefined;
  readonly onProgress?: ((progress: ProberProgress) => void) | undefined;
}

export interface ProberProgress {
  readonly sent: number;
  readonly answered: number;
  /** Ticks that were over before they could be sent. */
  readonly missed: number;
  /** Probes that the kernel refused to send. */
  readonly refused: number;
  /** Records that found no room. */
  readonly lost: number;
}

const Ready = z.object({
  ready: z.literal(true),
  realtime: z.boolean(),
  locked: z.boolean(),
  timestamps: z.enum(["kernel", "none"]),
});
const Progress = z.object({
  sent: z.number(),
  answered: z.number(),
  missed: z.number(),
  refused: z.number(),
  lost: z.number(),
});

/** What the prober was permitted. */
export interface ProberQuality {
  readonly realtime: boolean;
  readonly locked: boolean;
  readonly timestamps: "kernel" | "none";
}

export interface Prober {
  readonly quality: ProberQuality;
  /**
   * Stops sending, waits for late replies, and resolves with the final count when the file is complete.
   * @throws MigrascopeError PROBER_FAILED with the prober's own words.
   */
  stop(): Promise<ProberProgress>;
  /** The same without telling it to stop: for a prober with a `count`. */
  finished(): Promise<ProberProgress>;
}

const Abilities = z.object({
  ipv4: z.boolean(),
  ipv6: z.boolean(),
  realtime: z.boolean(),
  locked: z.boolean(),
  timestamps: z.enum(["kernel", "none"]),
});
/** What a prober may do on a machine; without `ipv4` and `ipv6` it lacks CAP_NET_RAW. */
export type ProberAbilities = z.infer<typeof Abilities>;

/** Asks the prober what it may do, without sending anything. @throws MigrascopeError PROBER_FAILED, PACKAGES_MISSING. */
export async function proberAbilities(machine: Machine): Promise<ProberAbilities> {
  const { prober } = await nativePrograms();
  const command = await machine.start([prober, "--check"]);
  let answer = "";
  command.onLine((stream, line) => {
    if (stream === "stdout") answer += line;
  });
  const { stderrTail } = await command.ended;
  const parsed = Abilities.safeParse(jsonOf(answer));
  if (!parsed.success) throw failed(machine, `\`prober --check\` gave no answer. ${stderrTail.trim()}`);
  return parsed.data;
}

/**
 * Starts the prober; resolves when it is about to send.
 * @throws MigrascopeError PROBER_FAILED with its words when it ends before that, PACKAGES_MISSING when it cannot be built.
 */
export async function startProber(machine: Machine, options: ProberOptions): Promise<Prober> {
  const { prober } = await nativePrograms();
  const linger = options.linger ?? 0.5;
  const argv = [prober, "--target", options.target, "--output", options.output];
  argv.push("--interval-ns", String(Math.round(options.interval * 1e9)), "--linger-ms", String(linger * 1000));
  if (options.count !== undefined) argv.push("--count", String(options.count));
  const command = await machine.start(argv);
  const words: string[] = [];
  let latest: ProberProgress = { sent: 0, answered: 0, missed: 0, refused: 0, lost: 0 };

  const quality = await new Promise<ProberQuality>((resolve, reject) => {
    const timer = setTimeout(() => {
      command.kill("SIGKILL");
      reject(failed(machine, `the prober was not ready within ${READY_WITHIN} s. ${words.join(" ")}`));
    }, READY_WITHIN * 1000);
    command.onLine((stream, line) => {
      if (stream !== "stderr") return;
      const value = jsonOf(line);
      const progress = Progress.safeParse(value);
      if (progress.success) {
        latest = progress.data;
        options.onProgress?.(latest);
        return;
      }
      const ready = Ready.safeParse(value);
      if (!ready.success) {
        words.push(line);
        return;
      }
      clearTimeout(timer);
      const { realtime, locked, timestamps } = ready.data;
      resolve({ realtime, locked, timestamps });
    });
    command.ended.then(() => {
      clearTimeout(timer);
      reject(failed(machine, `the prober did not start. ${words.join(" ")}`));
    });
  });

  const finished = async (): Promise<ProberProgress> => {
    const { exitCode, signal } = await command.ended;
    if (exitCode === 0) return latest;
    const how = signal ? `was ended by ${signal}` : `exited with ${exitCode}`;
    throw failed(machine, `the prober ${how}. ${words.join(" ")}`);
  };
  return {
    quality,
    finished,
    stop: async () => {
      const killer = killAfter(command, linger + STOP_PATIENCE);
      command.kill("SIGTERM");
      return finished().finally(() => clearTimeout(killer));
    },
  };
}

function killAfter(command: RunningCommand, seconds: number): NodeJS.Timeout {
  return setTimeout(() => command.kill("SIGKILL"), seconds * 1000);
}

function failed(machine: Machine, message: string): MigrascopeError {
  return new MigrascopeError("PROBER_FAILED", message.trim(), { where: machine.name });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

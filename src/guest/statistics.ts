/** Memory and disk as the guest's own kernel sees them, over any `Machine` that reaches a Linux guest. */
import type { AgentRecord } from "../model/agent.ts";
import type { StatisticsSample } from "../model/host.ts";
import type { Clock, Instant } from "../model/time.ts";
import type { Machine } from "../remote/machine.ts";

type MemoryRecord = Extract<AgentRecord, { record: "memory" }>;

/** Bytes; what the guest's kernel did not say is `undefined`. */
interface MemoryAccount {
  readonly total: number | undefined;
  readonly available: number | undefined;
  readonly swapTotal: number | undefined;
  readonly swapFree: number | undefined;
  readonly committed: number | undefined;
}

/**
 * used: MemTotal − MemAvailable, what the kernel could not give to a new program without swapping. committed:
 * Committed_AS, what programs were promised, touched or not. swapSize and swapUsed: of all swap devices and files.
 */
function memoryOf({ total, available, swapTotal, swapFree, committed }: MemoryAccount): StatisticsSample["memory"] {
  return {
    ...(total !== undefined && available !== undefined && { used: total - available }),
    ...(committed !== undefined && { committed }),
    ...(swapTotal !== undefined && { swapSize: swapTotal }),
    ...(swapTotal !== undefined && swapFree !== undefined && { swapUsed: swapTotal - swapFree }),
  };
}

/**
 * Memory from /proc/meminfo (proc(5)), see `memoryOf`. Used blocks are what `df` reports as used, summed over the file
 * systems on block devices; a swap file is among them. Bytes.
 * @throws MigrascopeError COMMAND_FAILED when the guest does not answer.
 */
export async function guestStatistics(guest: Machine, clock: Clock): Promise<StatisticsSample> {
  const { stdout } = await guest.run(["sh", "-c", "cat /proc/meminfo; echo ---; df -P -k"]);
  const at = clock();
  const [memory = "", disks = ""] = stdout.split("---\n");
  const bytes = (key: string): number | undefined => {
    const kibibytes = new RegExp(`^${key}:\\s+(\\d+) kB$`, "mu").exec(memory)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  };
  const mounted = disks.split("\n").filter((line) => line.startsWith("/dev/"));
  const used = mounted.reduce((sum, line) => sum + Number(line.split(/\s+/u)[2]) * 1024, 0);
  return {
    at,
    source: "guest",
    memory: memoryOf({
      total: bytes("MemTotal"),
      available: bytes("MemAvailable"),
      swapTotal: bytes("SwapTotal"),
      swapFree: bytes("SwapFree"),
      committed: bytes("Committed_AS"),
    }),
    disk: mounted.length > 0 ? { usedBlocks: used } : {},
  };
}

/** The same account of memory as the agent recorded it. @param at the record's instant on our clocks, not the guest's. */
export const recordedMemory = (record: MemoryRecord, at: Instant): StatisticsSample => ({
  at,
  source: "guest",
  memory: memoryOf(record),
  disk: {},
});

/** Bytes that a workload has asked for, and those of the set of pages that it touches. */
interface LaneMemory {
  readonly kind: string;
  readonly requested: number;
  readonly touched: number;
  readonly state?: string;
}

/**
 * The workloads' own account of their memory, bytes. requested: what those that run have asked of the guest's system.
 * dirtied: the pages in the sets that memory writers touch again and again; without such a workload it is not known, since
 * others dirty memory as well. A workload that has stopped or died holds nothing any more.
 * @param lanes as the agent's status or its records tell of them; one without a state runs.
 * @param at when that was so, on our clocks.
 */
export function workloadMemory(lanes: readonly LaneMemory[], at: Instant): StatisticsSample {
  const running = lanes.filter(({ state = "running" }) => state === "running");
  const writers = running.filter(({ kind }) => kind === "memory-write");
  const sum = (bytes: readonly number[]): number => bytes.reduce((total, each) => total + each, 0);
  return {
    at,
    source: "agent",
    memory: {
      ...(running.length > 0 && { requested: sum(running.map(({ requested }) => requested)) }),
      ...(writers.length > 0 && { dirtied: sum(writers.map(({ touched }) => touched)) }),
    },
    disk: {},
  };
}

/** CPU time of all vCPUs since the guest booted, clock ticks: the idle share is that of the difference of two readings. */
export interface CpuReading {
  readonly idle: number;
  readonly total: number;
}

/** Ticks from the first line of /proc/stat (proc(5)); iowait counts as idle. */
export async function cpuReading(guest: Machine): Promise<CpuReading> {
  const { stdout } = await guest.run(["head", "-n", "1", "/proc/stat"]);
  const ticks = stdout.trim().split(/\s+/u).slice(1, 9).map(Number);
  return { idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), total: ticks.reduce((sum, value) => sum + value, 0) };
}

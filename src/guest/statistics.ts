/** Memory and disk as the guest's own kernel sees them, over any `Machine` that reaches a Linux guest. */
import type { StatisticsSample } from "../model/host.ts";
import type { Clock } from "../model/time.ts";
import type { Machine } from "../remote/machine.ts";

/**
 * Used memory is MemTotal − MemAvailable: what the kernel could not give to a new program without swapping.
 * Used blocks are what `df` reports as used, summed over the file systems on block devices. Bytes.
 * @throws MigrascopeError COMMAND_FAILED when the guest does not answer.
 */
export async function guestStatistics(guest: Machine, clock: Clock): Promise<StatisticsSample> {
  const { stdout } = await guest.run(["sh", "-c", "cat /proc/meminfo; echo ---; df -P -k"]);
  const at = clock();
  const [memory = "", disks = ""] = stdout.split("---\n");
  const kibibytes = (key: string): number | undefined => {
    const value = new RegExp(`^${key}:\\s+(\\d+) kB$`, "mu").exec(memory)?.[1];
    return value === undefined ? undefined : Number(value) * 1024;
  };
  const total = kibibytes("MemTotal");
  const available = kibibytes("MemAvailable");
  const mounted = disks.split("\n").filter((line) => line.startsWith("/dev/"));
  const used = mounted.reduce((sum, line) => sum + Number(line.split(/\s+/u)[2]) * 1024, 0);
  return {
    at,
    source: "guest",
    memory: total !== undefined && available !== undefined ? { used: total - available } : {},
    disk: mounted.length > 0 ? { usedBlocks: used } : {},
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

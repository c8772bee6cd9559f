import { describe, expect, test } from "vitest";
import { guestStatistics, recordedMemory, workloadMemory } from "../../src/guest/statistics.ts";
import { AgentRecord, AgentStatus } from "../../src/model/agent.ts";
import { StatisticsSample } from "../../src/model/host.ts";
import type { Machine } from "../../src/remote/machine.ts";

const at = { wall: 1, mono: 2 };
const guestClock = { wall: 900, mono: 800 };

const answering = (stdout: string): Machine => ({ run: async () => ({ stdout }) }) as unknown as Machine;
const asked = async (stdout: string): Promise<StatisticsSample> =>
  StatisticsSample.parse(await guestStatistics(answering(stdout), () => at));

const MEMINFO = `MemTotal:         108436 kB
MemFree:           20000 kB
MemAvailable:      68436 kB
SwapCached:          512 kB
SwapTotal:         98300 kB
SwapFree:          90300 kB
Committed_AS:     120000 kB
VmallocTotal:   34359738367 kB
`;
const DF = `Filesystem         1024-blocks    Used Available Capacity Mounted on
rootfs                   20000   20000         0     100% /
/dev/vda              41930048   98420  41831628       1% /data
`;

describe("what the guest says of itself", () => {
  test("is used, promised and swapped memory and used blocks, in bytes", async () => {
    expect(await asked(`${MEMINFO}---\n${DF}`)).toEqual({
      at,
      source: "guest",
      memory: {
        used: 40_000 * 1024,
        committed: 120_000 * 1024,
        swapSize: 98_300 * 1024,
        swapUsed: 8_000 * 1024,
      },
      disk: { usedBlocks: 98_420 * 1024 },
    });
  });

  test("is zero swap where the guest says zero, and nothing where it says nothing", async () => {
    const none = await asked("MemTotal: 100 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n---\n");
    expect(none).toMatchObject({ memory: { swapSize: 0, swapUsed: 0 }, disk: {} });
    expect(none.memory).not.toHaveProperty("used");
    expect((await asked("---\n")).memory).toEqual({});
  });

  test("is the same when the agent recorded it, at our time", () => {
    const record = AgentRecord.parse({
      record: "memory",
      at: guestClock,
      total: 1000,
      available: 400,
      swapTotal: 300,
      swapFree: 250,
      committed: 2000,
    });
    if (record.record !== "memory") throw new Error("not a memory line");
    expect(StatisticsSample.parse(recordedMemory(record, at))).toEqual({
      at,
      source: "guest",
      memory: { used: 600, committed: 2000, swapSize: 300, swapUsed: 50 },
      disk: {},
    });
  });
});

describe("what the workloads say of their memory", () => {
  const lane = (kind: string, requested: number, touched: number, state = "running") => ({
    lane: 0,
    kind,
    state,
    asked: null,
    done: 1,
    unitBytes: 4096,
    stalled: 0,
    requested,
    touched,
  });
  const memoryOf = (...lanes: unknown[]): StatisticsSample["memory"] => {
    const status = AgentStatus.parse({ state: "running", at: guestClock, ownMemory: 500, lanes });
    const sample = StatisticsSample.parse(workloadMemory(status.lanes, at));
    expect(sample).toMatchObject({ at, source: "agent", disk: {} });
    return sample.memory;
  };

  test("is requested by all that run, dirtied by those that write", () => {
    expect(
      memoryOf(
        lane("memory-write", 8192, 4096),
        lane("memory-write", 4096, 4096),
        lane("memory-read", 65536, 32768),
        lane("cpu", 100, 0),
      ),
    ).toEqual({ requested: 8192 + 4096 + 65536 + 100, dirtied: 8192 });
  });

  test("is not of those that have stopped or died, whose memory is free again", () => {
    expect(memoryOf(lane("memory-write", 8192, 8192, "died"), lane("memory-read", 10, 5))).toEqual({ requested: 10 });
    expect(memoryOf(lane("memory-write", 8192, 8192, "stopped"))).toEqual({});
  });

  test("is unknown, not zero, without a workload that would know", () => {
    expect(memoryOf()).toEqual({});
    expect(memoryOf(lane("disk-write", 1024, 0))).toEqual({ requested: 1024 });
  });
});

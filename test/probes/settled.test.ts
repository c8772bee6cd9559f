import { describe, expect, test } from "vitest";
import type { CounterReading } from "../../src/model/artifacts.ts";
import { readSettled } from "../../src/probes/settled.ts";

type Ports = CounterReading["ports"];

/**
 * A switch whose port has carried `octets(t)` bytes after t seconds, as an agent tells that renews its answers only every
 * `cache` seconds. Time is the test's: it advances with each reading, as it does by the wait between two.
 */
function agent(octets: (seconds: number) => number, { cache = 0, width = 64 as 32 | 64 } = {}) {
  let now = 0;
  const at = (seconds: number): Ports => [
    {
      name: "port",
      width,
      inOctets: String(width === 32 ? octets(seconds) % 2 ** 32 : octets(seconds)),
      outOctets: "0",
    },
  ];
  return {
    read: async (): Promise<Ports> => at(cache === 0 ? now : Math.floor(now / cache) * cache),
    // One step for each look: `readSettled` asks for the time once before the first look and once after each.
    clock: () => {
      const mono = Math.round(now * 1e6);
      now += 0.5;
      return { wall: mono, mono };
    },
  };
}

async function settle(
  { read, clock }: ReturnType<typeof agent>,
  options: { settle?: number; limit?: number; signal?: AbortSignal } = {},
): Promise<{ settled: boolean; readings: CounterReading[] }> {
  const readings: CounterReading[] = [];
  const settled = await readSettled(read, {
    settle: 4,
    limit: 40,
    moment: "after",
    onTheWay: "during",
    clock,
    signal: new AbortController().signal,
    record: (reading) => readings.push(reading),
    // The waits between looks are not what is tested.
    lookEvery: 0,
    ...options,
  });
  return { settled, readings };
}

describe("counters settle", () => {
  test("when they have stood still for as long as was asked; only the last reading is the one that counts", async () => {
    const { settled, readings } = await settle(agent(() => 1000));
    expect(settled).toBe(true);
    const last = readings.at(-1)!;
    expect(last).toMatchObject({ moment: "after", settled: true });
    expect((last.at.mono - readings[0]!.at.mono) / 1e6).toBe(4);
    for (const reading of readings.slice(0, -1)) expect(reading).toMatchObject({ moment: "during", settled: false });
  });

  test("not before the cache has been renewed: the end of a migration is in the reading that counts", async () => {
    // 100 MB have just been moved; the agent does not know it for up to 3 s.
    const moved = 100e6;
    const { settled, readings } = await settle(agent((t) => (t >= 0.4 ? moved : 0), { cache: 3 }));
    expect(settled).toBe(true);
    expect(readings.at(-1)!.ports[0]!.inOctets).toBe(String(moved));
  });

  test("counted from the end of the traffic, not from its beginning", async () => {
    const end = 5.5;
    const { settled, readings } = await settle(agent((t) => Math.min(t, end) * 10e6));
    expect(settled).toBe(true);
    expect(readings.at(-1)!.at.mono / 1e6).toBeGreaterThanOrEqual(end + 4);
    expect(readings.at(-1)!.ports[0]!.inOctets).toBe(String(end * 10e6));
  });

  test("although neighbours and routers never quite cease to talk, also in the steps of a cache", async () => {
    expect((await settle(agent((t) => t * 1000))).settled).toBe(true);
    expect((await settle(agent((t) => t * 1000, { cache: 3 }))).settled).toBe(true);
  });

  test("although a narrow counter wraps on the way", async () => {
    const { settled, readings } = await settle(agent((t) => 2 ** 32 - 2500 + t * 1000, { width: 32 }));
    expect(settled).toBe(true);
    expect(BigInt(readings.at(-1)!.ports[0]!.inOctets)).toBeLessThan(2n ** 31n);
  });
});

describe("counters that do not settle", () => {
  test("are read as they are at the limit, and said not to have settled", async () => {
    const { settled, readings } = await settle(
      agent((t) => t * 1e6),
      { limit: 10 },
    );
    expect(settled).toBe(false);
    expect(readings.at(-1)).toMatchObject({ moment: "after", settled: false });
    expect(readings.at(-1)!.at.mono / 1e6).toBeGreaterThanOrEqual(10);
    expect(readings.filter(({ moment }) => moment === "after")).toHaveLength(1);
  });

  test("traffic that comes again and again within the time asked for is traffic", async () => {
    const bursts = (t: number): number => Math.floor(t / 3) * 50e3;
    expect((await settle(agent(bursts), { limit: 20 })).settled).toBe(false);
  });

  test("an agent that falls silent is an error, and what it had said is kept", async () => {
    const { read, clock } = agent(() => 0);
    let looks = 0;
    const silent = async (): Promise<Ports> => {
      looks += 1;
      if (looks > 3) throw new Error("silent");
      return read();
    };
    const readings: CounterReading[] = [];
    const reading = readSettled(silent, {
      settle: 4,
      limit: 40,
      moment: "after",
      onTheWay: "during",
      clock,
      signal: new AbortController().signal,
      record: (one) => readings.push(one),
      lookEvery: 0,
    });
    await expect(reading).rejects.toThrow("silent");
    expect(readings).toHaveLength(3);
  });

  test("an interrupt ends the wait, and nothing is passed off as the reading that counts", async () => {
    const controller = new AbortController();
    const { read, clock } = agent((t) => t * 1e6);
    const readings: CounterReading[] = [];
    const reading = readSettled(read, {
      settle: 4,
      limit: 1e6,
      moment: "after",
      onTheWay: "during",
      clock,
      signal: controller.signal,
      record: (one) => {
        readings.push(one);
        if (readings.length === 5) controller.abort();
      },
      lookEvery: 0,
    });
    await expect(reading).rejects.toThrow(/abort/iu);
    expect(readings.every(({ moment }) => moment === "during")).toBe(true);
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { nativePrograms } from "../../src/probes/native.ts";
import { type ProberProgress, proberAbilities, startProber } from "../../src/probes/prober.ts";
import type { Machine, RunningCommand } from "../../src/remote/machine.ts";

beforeAll(async () => {
  await nativePrograms();
});

const READY = '{"ready":true,"realtime":false,"locked":true,"timestamps":"kernel"}';
const progress = (sent: number): string => `{"sent":${sent},"answered":${sent - 1},"missed":1,"refused":0,"lost":0}`;

/** A machine on which the prober says these lines and ends as told. */
function pretend(lines: readonly string[], exitCode: number | null, endsBy: "itself" | "kill") {
  const started: string[][] = [];
  const signals: string[] = [];
  let end = (): void => {};
  const ended = new Promise<Awaited<RunningCommand["ended"]>>((resolve) => {
    end = () => resolve({ exitCode, signal: exitCode === null ? "SIGKILL" : null, stderrTail: lines.join("\n") });
  });
  const machine: Machine = {
    name: "benchmark",
    run: () => Promise.reject(new Error("not expected")),
    start: async (argv) => {
      started.push([...argv]);
      return {
        pid: 1,
        onLine: (listener) => {
          setTimeout(() => {
            for (const line of lines) listener(line.startsWith('{"ipv4"') ? "stdout" : "stderr", line);
            if (endsBy === "itself") end();
          }, 0);
        },
        kill: (signal = "SIGTERM") => {
          signals.push(signal);
          end();
        },
        write: () => {},
        ended,
      };
    },
  };
  return { machine, started, signals };
}

const options = { target: "192.0.2.1", interval: 1e-3, output: "probes.bin" };

describe("startProber", () => {
  test("gives the prober its options in its own units", async () => {
    const { machine, started } = pretend([READY], 0, "kill");
    await startProber(machine, { ...options, interval: 250e-6, count: 7, linger: 0.25 });
    const [program, ...argv] = started[0]!;
    expect(program).toMatch(/native\/prober\/build\/prober$/u);
    expect(argv.join(" ")).toBe(
      "--target 192.0.2.1 --output probes.bin --interval-ns 250000 --linger-ms 250 --count 7",
    );
  });

  test("reports what it was permitted, and its progress", async () => {
    const seen: ProberProgress[] = [];
    const { machine } = pretend([READY, progress(10), progress(20)], 0, "kill");
    const prober = await startProber(machine, { ...options, onProgress: (one) => seen.push(one) });
    expect(prober.quality).toEqual({ realtime: false, locked: true, timestamps: "kernel" });
    expect(await prober.stop()).toEqual(seen.at(-1));
    expect(seen.map((one) => one.sent)).toEqual([10, 20]);
  });

  test("stop asks it to end in order", async () => {
    const { machine, signals } = pretend([READY], 0, "kill");
    await (await startProber(machine, options)).stop();
    expect(signals).toEqual(["SIGTERM"]);
  });

  test("one that does not start fails with its own words and its machine", async () => {
    const { machine } = pretend(["prober: cannot open a raw socket (CAP_NET_RAW is needed)"], 1, "itself");
    await expect(startProber(machine, options)).rejects.toMatchObject({
      code: "PROBER_FAILED",
      where: "benchmark",
      message: expect.stringContaining("CAP_NET_RAW is needed"),
    });
  });

  test("one that dies on the way fails when it is stopped, with its own words", async () => {
    const { machine } = pretend(
      [READY, progress(5), "prober: cannot write to x: No space left on device"],
      1,
      "itself",
    );
    const prober = await startProber(machine, options);
    await expect(prober.stop()).rejects.toMatchObject({
      code: "PROBER_FAILED",
      message: "the prober exited with 1. prober: cannot write to x: No space left on device",
    });
  });

  test("one that was killed is a failure too", async () => {
    const { machine } = pretend([READY], null, "itself");
    const prober = await startProber(machine, options);
    await expect(prober.finished()).rejects.toMatchObject({ message: "the prober was ended by SIGKILL." });
  });
});

test("abilities are what the prober says", async () => {
  const answer = { ipv4: true, ipv6: false, realtime: true, locked: false, timestamps: "kernel" };
  const { machine } = pretend([JSON.stringify(answer)], 0, "itself");
  expect(await proberAbilities(machine)).toEqual(answer);
  const silent = pretend([], 1, "itself");
  await expect(proberAbilities(silent.machine)).rejects.toMatchObject({ code: "PROBER_FAILED" });
});

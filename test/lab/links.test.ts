import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NETEM_TRIAL, shapingCommands } from "../../src/lab/shaping.ts";
import { labStatus } from "../../src/lab/status.ts";
import { labUp } from "../../src/lab/up.ts";
import type { CounterReading } from "../../src/model/artifacts.ts";
import { NODE, Room, scriptPath, testbedNamed } from "./support/room.ts";

let room: Room;
beforeAll(() => {
  room = new Room();
});
afterAll(() => room[Symbol.asyncDispose]());

interface Transfer {
  bytes: number;
  /** Bits of payload per second. */
  rate: number;
  before: CounterReading["ports"];
  after: CounterReading["ports"];
}

async function transfer(lab: string, ...args: (string | number)[]): Promise<Transfer> {
  const { stdout, stderr } = await room.cli("enter", lab, NODE, scriptPath("transfer.ts"), ...args.map(String));
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Payload of a full TCP segment with timestamps, in the bytes that it takes on the link. */
const PAYLOAD_SHARE = 1448 / 1514;

describe("a link carries its rate and no more", () => {
  test.each([
    ["97Mb/s", 97e6, 25, 0.8],
    ["1Gb/s", 1e9, 200, 0.5],
  ])("%s", async (rate, bits, megabytes, atLeast) => {
    await labUp(testbedNamed("shaped", { links: { migration: { rate }, service: { rate: "1Gb/s" } } }));
    // A busy machine slows a transfer down, nothing but the link's own fault makes it faster: the best counts, and the lower
    // limit only tells the rate that was asked for from another.
    const shares: number[] = [];
    while (shares.length < 3 && !shares.some((one) => one > atLeast)) {
      const { rate: measured } = await transfer("shaped", "migration", "source", "destination", megabytes, "");
      shares.push(measured / bits / PAYLOAD_SHARE);
    }
    const share = Math.max(...shares);
    expect(share).toBeGreaterThan(atLeast);
    // The burst passes at once and is measured with the rest.
    expect(share).toBeLessThan(1.02);
  });

  test("in the other direction, and each network by itself", async () => {
    await labUp(testbedNamed("shaped", { links: { migration: { rate: "1Gb/s" }, service: { rate: "97Mb/s" } } }));
    const { rate } = await transfer("shaped", "service", "destination", "benchmark", 25, "");
    expect(rate / 97e6 / PAYLOAD_SHARE).toBeGreaterThan(0.5);
    expect(rate / 97e6 / PAYLOAD_SHARE).toBeLessThan(1.02);
  });
});

test("the switch counts what went through its ports, in 64 bits", async () => {
  await labUp(testbedNamed("counted"));
  const { bytes, before, after } = await transfer("counted", "migration", "source", "destination", 100, "counted");
  expect(bytes).toBe(100e6);
  const [source, destination] = [0, 1].map((port) => ({
    width: after[port]!.width,
    in: Number(BigInt(after[port]!.inOctets) - BigInt(before[port]!.inOctets)),
    out: Number(BigInt(after[port]!.outOctets) - BigInt(before[port]!.outOctets)),
  }));
  expect([source!.width, destination!.width]).toEqual([64, 64]);
  // Every segment brings its own headers: no offload hides them.
  const wire = bytes / PAYLOAD_SHARE;
  expect(source!.in / wire).toBeGreaterThan(0.999);
  expect(source!.in / wire).toBeLessThan(1.02);
  expect(Math.abs(destination!.out - source!.in) / wire).toBeLessThan(0.01);
  expect(destination!.in).toBeLessThan(wire / 10);
});

describe("delay and loss", () => {
  const kernelHasNetem = (): boolean => {
    try {
      execFileSync("unshare", ["--net", "--", ...NETEM_TRIAL], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };

  test.each([{ delay: "10ms" }, { loss: "1%" }])(
    "%o: built where the kernel has netem, refused by name where not",
    async (link) => {
      const up = labUp(testbedNamed("far", { links: { migration: link } }));
      if (kernelHasNetem()) {
        await up;
        expect(labStatus("far").health).toBe("healthy");
      } else {
        await expect(up).rejects.toMatchObject({ code: "KERNEL_LACKS", message: expect.stringMatching(/netem/u) });
        expect(labStatus("far").health).toBe("absent");
      }
    },
  );

  test("act once on every way, and the rate on both ends of a cable", () => {
    const link = { rate: 1e9, delay: 0.01, loss: 0.005 };
    const [delayed, shaped] = shapingCommands("mig0", link, "machine");
    expect(delayed).toMatch(/^qdisc replace dev mig0 root handle 1: netem limit \d+ delay 10000us loss 0\.5%$/u);
    expect(shaped).toMatch(/^qdisc replace dev mig0 parent 1:1 handle 2: tbf rate 1000000000bit /u);
    expect(shapingCommands("mig-source", link, "switch").join()).not.toMatch(/netem/u);
  });
});

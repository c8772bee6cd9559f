import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureGuestImage } from "../../src/guest/image.ts";
import { mostSwap } from "../../src/guest/swap.ts";
import { usableAccelerator } from "../../src/lab/accelerator.ts";
import { labUp } from "../../src/lab/up.ts";
import type { StatisticsSample } from "../../src/model/host.ts";
import { NODE, Room, scriptPath, testbedNamed } from "./support/room.ts";

let room: Room;
beforeAll(() => {
  room = new Room();
});
afterAll(() => room[Symbol.asyncDispose]());

interface Answers {
  seconds: number;
  hostname: string;
  kernel: string;
  expectedKernel: string;
  data: string;
  strangerRefused: boolean;
  ipv6: true | string;
  diskBlocks: number;
  swaps: string;
  cached: number;
  console: string;
  swapping?: { intact: true | string; statistics: StatisticsSample };
  quiet: boolean;
  poweredOff: boolean;
}

const MIB = 2 ** 20;

async function boot(
  memory: number,
  { disk = "disk.raw", size = 40 * 2 ** 30, swap = 0 }: { disk?: string; size?: number; swap?: number } = {},
): Promise<Answers> {
  const { shared } = await labUp(testbedNamed("guest"));
  const asked = [memory, join(shared, disk), size, swap].map(String);
  const ran = await room.cli("enter", "guest", NODE, scriptPath("boot.ts"), ...asked);
  if (ran.stdout === "") throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}

describe("the guest", () => {
  test("boots with 128 MiB and a blank disk of 40 GiB, and can be logged in to", async () => {
    const guest = await boot(128);
    expect(guest).toMatchObject({ hostname: "vm", ipv6: true, strangerRefused: true, quiet: true, poweredOff: true });
    expect(guest.kernel).toBe(guest.expectedKernel);
    expect(Number(guest.data.split(/\s+/u)[1]) / 2 ** 20).toBeGreaterThan(39);
    // Formatting has not filled the disk, which is sparse: blocks of 512 bytes.
    expect(guest.diskBlocks * 512).toBeLessThan(100 * 2 ** 20);
  });

  test("finds its data again on the next boot", async () => {
    const guest = await boot(256);
    expect(guest.data).toMatch(/kept$/u);
    expect(guest.swaps).toBe("");
  });

  test("swaps onto its disk when it is told to, and neither its disk nor its memory suffers", async () => {
    const [without, guest] = [
      await boot(128, { disk: "plain.raw" }),
      await boot(128, { disk: "swap.raw", swap: 96 * MIB }),
    ];
    // Of its pages the first is the header.
    expect(guest.swaps.split(/\s+/u).slice(0, 3)).toEqual(["/data/swap", "file", String(96 * 1024 - 4)]);
    const { memory, disk } = guest.swapping!.statistics;
    expect(guest.swapping!.intact).toBe(true);
    expect(memory.swapSize).toBe(96 * MIB - 4096);
    expect(memory.swapUsed).toBeGreaterThan(8 * MIB);
    expect(memory.swapUsed).toBeLessThan(96 * MIB);
    expect(memory.used).toBeGreaterThan(0);
    expect(memory.committed).toBeGreaterThan(64 * MIB);
    // The file is a whole one, and on the host as well: used blocks are not more than allocated ones.
    expect(disk.usedBlocks).toBeGreaterThan(96 * MIB);
    expect(guest.diskBlocks * 512).toBeGreaterThan(96 * MIB);
    // Writing it has left nothing in the guest's memory.
    expect(guest.cached - without.cached).toBeLessThan(4 * 1024);
    expect(guest).toMatchObject({ quiet: true, poweredOff: true });
  });

  test("finds its data again after it had swap, and gives the swap's room back when it is to have none", async () => {
    const guest = await boot(128, { disk: "swap.raw" });
    expect(guest.data).toMatch(/kept$/u);
    expect(guest.swaps).toBe("");
    expect(Number(guest.data.split(/\s+/u)[2]) * 1024).toBeLessThan(MIB);
  });

  test("has the largest swap that we grant on a small disk", async () => {
    const guest = await boot(128, { disk: "small.raw", size: 112 * MIB, swap: mostSwap(112 * MIB) });
    expect(guest.swaps).toMatch(/^\/data\/swap\s+file/u);
    expect(guest.swapping!.intact).toBe(true);
  });

  test("boots without swap, and says why, when its disk is too small", async () => {
    const guest = await boot(128, { disk: "tiny.raw", size: 16 * MIB, swap: 32 * MIB });
    expect(guest.console).toMatch(/migrascope-guest: no swap of 33554432 bytes: dd: .*No space left on device/u);
    expect(guest.swaps).toBe("");
    expect(guest).toMatchObject({ hostname: "vm", poweredOff: true });
    // What could not be written whole is gone.
    expect(Number(guest.data.split(/\s+/u)[2]) * 1024).toBeLessThan(MIB);
  });
});

describe("the image", () => {
  test("comes from the cache the second time, the same files under the same hash", async () => {
    const [first, second] = [await ensureGuestImage(), await ensureGuestImage()];
    expect({ ...first, commandLine: undefined }).toEqual({ ...second, commandLine: undefined });
    expect(first.hostKeyLine).toMatch(/^ssh-ed25519 \S+$/u);
  });
});

describe("the accelerator", () => {
  test("is TCG when asked for, and says so", async () => {
    expect(await usableAccelerator("tcg", await ensureGuestImage())).toEqual({
      accelerator: "tcg",
      reason: "asked for",
    });
  });

  test("is KVM only with a proof, and the refusal of an explicit wish has the same reason as the automatic choice", async () => {
    const image = await ensureGuestImage();
    const automatic = await usableAccelerator("auto", image);
    const asked = usableAccelerator("kvm", image);
    if (automatic.accelerator === "kvm") {
      expect(automatic.reason).toMatch(/has booted under KVM/u);
      expect(await asked).toEqual(automatic);
    } else {
      const reason = automatic.reason.replace("KVM cannot be used: ", "");
      await expect(asked).rejects.toMatchObject({ code: "KERNEL_LACKS", message: expect.stringContaining(reason) });
    }
  });
});

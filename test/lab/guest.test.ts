import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureGuestImage } from "../../src/guest/image.ts";
import { usableAccelerator } from "../../src/lab/accelerator.ts";
import { labUp } from "../../src/lab/up.ts";
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
  quiet: boolean;
  poweredOff: boolean;
}

async function boot(memory: number): Promise<Answers> {
  const { shared } = await labUp(testbedNamed("guest"));
  const ran = await room.cli("enter", "guest", NODE, scriptPath("boot.ts"), String(memory), join(shared, "disk.raw"));
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

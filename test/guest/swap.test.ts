import { describe, expect, test } from "vitest";
import { commandLine } from "../../src/guest/image.ts";
import { mostSwap, requireSwapFits } from "../../src/guest/swap.ts";
import { VmSpec } from "../../src/model/machines.ts";

const refusal =
  (swap: string, disk = "1GiB") =>
  () =>
    requireSwapFits(VmSpec.parse({ disk, swap }));

describe("swap", () => {
  test("is on the kernel's command line in bytes, and nothing is when there is none", () => {
    expect(commandLine(VmSpec.parse({ swap: "512MiB" })).split(" ")).toContain("migrascope.swap=536870912");
    expect(commandLine(VmSpec.parse({}))).not.toContain("swap");
  });

  test("that does not fit on the disk is refused with what would, before any command line is made", () => {
    expect(() => commandLine(VmSpec.parse({ name: "web", disk: "1GiB", swap: "1GiB" }))).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        where: "vm web",
        message: "swap of 1024 MiB: it is a file on the VM's disk, and on a disk of 1024 MiB at most 1004 MiB fit",
      }),
    );
    expect(refusal(`${mostSwap(2 ** 30)}B`)).not.toThrow();
    expect(refusal(`${mostSwap(2 ** 30) + 4096}B`)).toThrow(/at most 1004 MiB fit/u);
    expect(refusal("64KiB", "4MiB")).toThrow(/at most 0 MiB fit/u);
  });

  test("that Linux would not take is refused", () => {
    expect(refusal("16KiB")).toThrow(/the least that Linux takes is 64 KiB/u);
    expect(refusal("1MB")).toThrow(/whole number of pages of 4096 bytes/u);
  });
});

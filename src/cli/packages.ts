import { Command, Option } from "commander";
import { ensurePackages, LIBVIRT_REQUIREMENTS, REQUIREMENTS, type Requirement } from "../lab/packages.ts";
import { nativePrograms } from "../probes/native.ts";
import { agentBinary } from "../workloads/binary.ts";

const TESTS: readonly Requirement[] = [
  { needs: "chromium", package: "chromium", why: "the report's tests in a real browser" },
  { needs: "ping", package: "iputils-ping", why: "the lab's tests" },
  { needs: "ps", package: "procps", why: "the lab's tests" },
  { needs: "script", package: "bsdutils", why: "the lab's tests at a terminal" },
  { needs: "setpriv", package: "util-linux", why: "the lab's tests without root" },
  { needs: "aarch64-linux-gnu-gcc", package: "gcc-aarch64-linux-gnu", why: "builds the agent for arm64 guests" },
  {
    needs: "/usr/aarch64-linux-gnu/include/stdio.h",
    package: "libc6-dev-arm64-cross",
    why: "builds the agent for arm64 guests",
  },
  { needs: "qemu-aarch64", package: "qemu-user", why: "the tests of the agent for arm64 guests" },
];
const BENCHMARKS: readonly Requirement[] = [
  { needs: "tcpdump", package: "tcpdump", why: "the referee between probers" },
  { needs: "tshark", package: "tshark", why: "the peer of our capture reader" },
  { needs: "fping", package: "fping", why: "a peer of our prober" },
  { needs: "ping", package: "iputils-ping", why: "a peer of our prober" },
  { needs: "stress-ng", package: "stress-ng", why: "a peer of the agent's memory workload" },
  { needs: "chrt", package: "util-linux", why: "the agent's exactness without other work on the machine" },
];
const FOR = {
  run: REQUIREMENTS,
  tests: [...REQUIREMENTS, ...LIBVIRT_REQUIREMENTS, ...TESTS],
  bench: [...REQUIREMENTS, ...BENCHMARKS],
} as const;

export function packagesCommand(): Command {
  return new Command("packages")
    .description("install the Debian or Ubuntu packages that are missing, naming them first, and build the C programs")
    .addOption(new Option("--for <purpose>", "what they are for").choices(Object.keys(FOR)).default("run"))
    .action(async (options: { for: keyof typeof FOR }) => {
      await ensurePackages({
        interactive: process.stdin.isTTY === true,
        requirements: FOR[options.for],
        onStep: (step) => process.stderr.write(`${step}\n`),
      });
      // Here and now, by whoever may write to the checkout; who runs a plan later may not.
      await nativePrograms();
      await agentBinary();
    });
}

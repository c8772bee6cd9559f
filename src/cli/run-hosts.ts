/** `run` on real machines: they are checked and locked first, then everything is as in a lab. */
import { ensureGuestImage, type GuestImage } from "../guest/image.ts";
import { requireSwapFits } from "../guest/swap.ts";
import { hostsAccelerator } from "../hosts/accelerator.ts";
import { CHECKS } from "../hosts/check/all.ts";
import type { Finding } from "../hosts/check/finding.ts";
import { runChecks } from "../hosts/check/run.ts";
import { deliverGuest } from "../hosts/guest-files.ts";
import { hostsTestbed } from "../hosts/live.ts";
import { lockHosts } from "../hosts/lock.ts";
import { type OpenHosts, openHosts } from "../hosts/machines.ts";
import { whenOuterDies } from "../lab/enter.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { HostsTestbed } from "../model/hosts.ts";
import type { Plan } from "../model/plan.ts";
import { systemClock } from "../model/time.ts";
import { workloadsOf } from "../model/workload.ts";
import { scenarioVm } from "../plan/vm.ts";
import { localMachine } from "../remote/local.ts";
import { type LiveView, liveView } from "../report/terminal/live.ts";
import { agentBinary } from "../workloads/binary.ts";
import { interruptSignal } from "./exit.ts";
import { findingLine } from "./finding-lines.ts";
import { runAndReport } from "./run-and-report.ts";
import type { RunArguments } from "./run-arguments.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * @returns the exit code.
 * @throws MigrascopeError TESTBED_UNFIT with every essential finding, TESTBED_BUSY, CANCELLED, or what a machine lacks.
 */
export async function runOnHosts(run: RunArguments<HostsTestbed>): Promise<number> {
  const { plan, testbed } = run;
  let view: LiveView | undefined;
  const interrupt = interruptSignal({
    also: whenOuterDies(),
    // Anything else that wrote to the terminal would be drawn over.
    tell: (message) => (view ? view.listener({ at: systemClock(), type: "warning", message }) : say(`\n${message}`)),
  });
  const own = "guest" in testbed.vm.from;
  if (own) for (const scenario of plan.scenarios) requireSwapFits(scenarioVm(testbed.vm, scenario));
  await using hosts = await openHosts(testbed);
  await checkEssentials(testbed, hosts, interrupt);
  await using _lock = await lockHosts(hosts.machines);
  if (plan.scenarios.some(({ workload }) => workloadsOf(workload).length > 0)) await agentBinary();
  // Also for another's VM: whether KVM can be used is told by a guest that boots.
  const image = own || testbed.accelerator !== "tcg" ? await ensureGuestImage({ onStep: say }) : undefined;
  const accelerator = await acceleratorOf(testbed, hosts, image);
  say(`accelerator: ${accelerator.accelerator} (${accelerator.reason})`);
  const files = own && image ? await deliverGuest(hosts.machines, image, interrupt) : undefined;
  const { live, lacks, benchmarkAddress } = await hostsTestbed({
    testbed,
    hosts,
    accelerator: accelerator.accelerator,
    ...(image && files && { own: { image, files } }),
    clock: systemClock,
  });
  requireAddresses(plan, testbed, benchmarkAddress);
  for (const lack of lacks) say(`warning: ${lack}`);
  interrupt.throwIfAborted();
  view = liveView(process.stderr, { color: process.stderr.isTTY === true && !process.env.NO_COLOR });
  // Awaited here: the hosts are closed when this function returns.
  return await runAndReport(
    run,
    {
      live,
      environment: {
        accelerator: accelerator.accelerator,
        acceleratorReason: accelerator.reason,
        ...(own && image && { guestKernel: image.kernelVersion, guestImage: image.hash }),
        ...(lacks.length > 0 && { notMeasured: lacks.join("; ") }),
      },
      accelerator: accelerator.accelerator,
      interrupt,
    },
    view,
  );
}

async function acceleratorOf(testbed: HostsTestbed, hosts: OpenHosts, image: GuestImage | undefined) {
  if (image) return hostsAccelerator(testbed.accelerator, hosts.machines, image);
  return { accelerator: "tcg", reason: "asked for" } as const;
}

/** What would make the run fail, or measure the wrong thing. Warnings are shown; they are no reason not to run. */
async function checkEssentials(testbed: HostsTestbed, hosts: OpenHosts, signal: AbortSignal): Promise<void> {
  const findings = await runChecks(
    CHECKS.filter(({ essential }) => essential),
    { testbed, hosts: hosts.machines, benchmark: localMachine("benchmark"), clock: systemClock, signal },
    { onFinding: (finding) => finding.verdict === "warning" && say(findingLine(finding)) },
  );
  const wrong = findings.filter(({ verdict }) => verdict === "failed");
  if (wrong.length === 0) return;
  throw new MigrascopeError("TESTBED_UNFIT", `this testbed cannot be used:\n${wrong.map(told).join("\n")}`);
}

const told = ({ name, detail, mend }: Finding): string =>
  `  ${name}: ${detail}${mend === undefined ? "" : `\n    → ${mend}`}`;

/** A guest that talks to the benchmark server needs its address. @throws MigrascopeError CONFIG_INVALID */
function requireAddresses(plan: Plan, testbed: HostsTestbed, own: Readonly<Record<"ipv4" | "ipv6", string>>): void {
  const lacking = plan.scenarios.find(({ probe }) => own[probe.family] === "");
  if (!lacking) return;
  const { family } = lacking.probe;
  throw new MigrascopeError(
    "CONFIG_INVALID",
    `scenario "${lacking.name}" uses ${family}, and ${testbed.benchmark.interface} of this machine has no such address: benchmark.${family}`,
  );
}

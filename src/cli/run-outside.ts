/** The part of `run` before the lab: everything that a machine must have, then a lab, then into it. */
import { randomBytes } from "node:crypto";
import { ensureGuestImage } from "../guest/image.ts";
import { requireSwapFits } from "../guest/swap.ts";
import { usableAccelerator } from "../lab/accelerator.ts";
import { labDown } from "../lab/down.ts";
import { enterLab } from "../lab/enter.ts";
import { lockLab } from "../lab/lock.ts";
import { ensurePackages, requirementsFor } from "../lab/packages.ts";
import type { LabState } from "../lab/state.ts";
import { labStatus } from "../lab/status.ts";
import { labUp } from "../lab/up.ts";
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import type { Plan } from "../model/plan.ts";
import type { LabTestbed } from "../model/testbed.ts";
import { workloadsOf } from "../model/workload.ts";
import { scenarioVm } from "../plan/vm.ts";
import { nativePrograms } from "../probes/native.ts";
import { agentBinary } from "../workloads/binary.ts";
import { interruptSignal, LEAVE_WITHIN } from "./exit.ts";
import type { LabRunArguments } from "./run-arguments.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * @param again the command line that runs this command once more, inside.
 * @returns the exit code of the process inside. @throws MigrascopeError when the machine or the lab cannot do it.
 */
export async function runFromOutside({ testbed, plan }: LabRunArguments, again: readonly string[]): Promise<number> {
  // What no lab could run is said before anything is built.
  for (const scenario of plan.scenarios) requireSwapFits(scenarioVm(testbed.vm, scenario));
  let phase: "preparing" | "lab" | "inside" = "preparing";
  const interrupt = interruptSignal({
    tell: (message) => phase !== "inside" && say(`\n${message}`), // The process inside says it, and leaves first.
    patience: () => (phase === "preparing" ? 0 : LEAVE_WITHIN),
  });
  await prepare(testbed, plan, interrupt);
  phase = "lab";
  const lab = await useLab(testbed, interrupt);
  try {
    interrupt.throwIfAborted();
    phase = "inside";
    return await enterLab(lab.state, again);
  } finally {
    await lab.leave();
  }
}

/** Everything that a machine must have; what takes long is cached. */
async function prepare(testbed: LabTestbed, plan: Plan, interrupt: AbortSignal): Promise<void> {
  const works = plan.scenarios.some(({ workload }) => workloadsOf(workload).length > 0);
  const steps = [
    () =>
      ensurePackages({
        interactive: process.stdin.isTTY === true,
        requirements: requirementsFor(testbed.hypervisor),
        onStep: say,
      }),
    () => nativePrograms(),
    async () => void (works && (await agentBinary())),
    async () => {
      const image = await ensureGuestImage({ onStep: say });
      const { accelerator, reason } = await usableAccelerator(testbed.accelerator, image);
      say(`accelerator: ${accelerator} (${reason})`);
    },
  ];
  for (const step of steps) {
    try {
      await step();
    } finally {
      // A terminal's Ctrl-C ends apt and the compiler as well: that is not their failure.
      interrupt.throwIfAborted();
    }
  }
}

/**
 * The lab that the testbed names, if it runs; it stays afterwards. Otherwise one of our own that goes when we go, under a
 * name that no other run has.
 * @throws MigrascopeError LAB_BUSY when another run is using the lab.
 */
async function useLab(testbed: LabTestbed, signal: AbortSignal): Promise<{ state: LabState; leave(): Promise<void> }> {
  if (labStatus(testbed.name).health === "healthy") {
    const state = await labUp(testbed, { signal, onStep: say });
    const lock = await lockLab(`${state.directory}/run`, 0).catch((error: unknown) => {
      if (asMigrascopeError(error).code !== "LAB_BUSY") throw error;
      throw new MigrascopeError("LAB_BUSY", `another run is using the lab "${testbed.name}"`, {
        where: state.directory,
        cause: error,
      });
    });
    return { state, leave: async () => lock[Symbol.dispose]() };
  }
  const name = `run-${randomBytes(4).toString("hex")}`;
  try {
    const state = await labUp({ ...testbed, name }, { signal });
    say(`lab: ${name} (${state.mode === "root" ? "as root" : "without root, in a user namespace"})`);
    return { state, leave: async () => void (await labDown(name)) };
  } catch (error) {
    await labDown(name);
    throw error;
  }
}

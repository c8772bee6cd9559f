/** The part of `run` on the lab's benchmark server: the trials, the analysis, the report. */
import { basename } from "node:path";
import { ensureGuestImage } from "../guest/image.ts";
import { usableAccelerator } from "../lab/accelerator.ts";
import { insideLab, whenOuterDies } from "../lab/enter.ts";
import { readLabState } from "../lab/state.ts";
import { labTestbed } from "../lab/testbed.ts";
import { MigrascopeError } from "../model/errors.ts";
import { systemClock } from "../model/time.ts";
import { liveView } from "../report/terminal/live.ts";
import { resultTable } from "../report/terminal/table.ts";
import { runPlan } from "../trial/run.ts";
import { tableOptions } from "./analyze.ts";
import { derive } from "./derive.ts";
import { EXIT, interruptSignal } from "./exit.ts";
import type { RunArguments } from "./run-arguments.ts";
import { toolVersion } from "./version.ts";

/** @returns the exit code. @throws MigrascopeError when the run directory could not be kept. */
export async function runFromInside({ plan, testbed, directory, json }: RunArguments): Promise<number> {
  const view = liveView(process.stderr, { color: process.stderr.isTTY === true && !process.env.NO_COLOR });
  const interrupt = interruptSignal({
    also: whenOuterDies(),
    // Anything else that wrote to the terminal would be drawn over.
    tell: (message) => view.listener({ at: systemClock(), type: "warning", message }),
  });
  const state = readLabState(insideLab()!);
  if (!state)
    throw new MigrascopeError("LAB_BROKEN", "the lab that this process is in has no state", { where: insideLab() });
  const image = await ensureGuestImage({});
  const accelerator = await usableAccelerator(testbed.accelerator, image);
  let outcome: Awaited<ReturnType<typeof runPlan>>;
  try {
    outcome = await runPlan({
      plan,
      testbed,
      live: labTestbed(state, testbed, image, accelerator.accelerator),
      directory,
      id: basename(directory),
      toolVersion: await toolVersion(),
      environment: {
        lab: state.mode,
        accelerator: accelerator.accelerator,
        acceleratorReason: accelerator.reason,
        guestKernel: image.kernelVersion,
        guestImage: image.hash,
      },
      accelerator: accelerator.accelerator,
      interrupt,
      clock: systemClock,
      listener: view.listener,
    });
  } finally {
    view.close();
  }
  const { result, json: text, report } = await derive(directory);
  process.stdout.write(json ? text : `${resultTable(result, tableOptions())}\nreport: ${report}\n`);
  if (outcome.status === "cancelled") return EXIT.interrupted;
  return outcome.flawless ? EXIT.ok : EXIT.failure;
}

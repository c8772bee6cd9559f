/** The part of `run` on the lab's benchmark server. */
import { ensureGuestImage } from "../guest/image.ts";
import { usableAccelerator } from "../lab/accelerator.ts";
import { insideLab, whenOuterDies } from "../lab/enter.ts";
import { readLabState } from "../lab/state.ts";
import { labTestbed } from "../lab/testbed.ts";
import { MigrascopeError } from "../model/errors.ts";
import { systemClock } from "../model/time.ts";
import { liveView } from "../report/terminal/live.ts";
import { interruptSignal } from "./exit.ts";
import { runAndReport } from "./run-and-report.ts";
import type { LabRunArguments } from "./run-arguments.ts";

/** @returns the exit code. @throws MigrascopeError when the run directory could not be kept. */
export async function runFromInside(run: LabRunArguments): Promise<number> {
  const { testbed } = run;
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
  return runAndReport(
    run,
    {
      live: labTestbed(state, testbed, image, accelerator.accelerator),
      environment: {
        lab: state.mode,
        accelerator: accelerator.accelerator,
        acceleratorReason: accelerator.reason,
        guestKernel: image.kernelVersion,
        guestImage: image.hash,
      },
      accelerator: accelerator.accelerator,
      interrupt,
    },
    view,
  );
}

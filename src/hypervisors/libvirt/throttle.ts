/**
 * Throttling that begins at the deadline: see the driver qemu, which does the same, for how QEMU is held back until then.
 * libvirt has no command for these parameters. They are set on QEMU's monitor, which libvirt permits and notes as a taint.
 */

import type { NativeSettings } from "../qemu/native.ts";
import { HELD_BACK, letLooseParameters } from "../qemu/throttle.ts";
import { isOver, type Migration } from "./migration.ts";
import { monitor, readSettings } from "./virsh/monitor.ts";
import type { Virsh } from "./virsh/virsh.ts";

/** Seconds in which throttling must have taken its first step. */
const FIRST_STEP = 600;

/** Before the migrate command. @returns what QEMU had before. @throws MigrascopeError HYPERVISOR_REFUSED */
export async function holdThrottle(virsh: Virsh, domain: string): Promise<NativeSettings> {
  const before = await readSettings(virsh, domain);
  await monitor(virsh, domain, "migrate-set-parameters", HELD_BACK);
  return before;
}

/** The parameters as they were. Never throws: the VM may be elsewhere by now. */
export async function forgetThrottle(virsh: Virsh, domain: string, before: NativeSettings): Promise<void> {
  await monitor(virsh, domain, "migrate-set-parameters", letLooseParameters({}, before)).catch(() => {});
}

/**
 * At the deadline. Where it stands at 1 % already, QEMU adds its increment to that and does not begin at the initial share:
 * so the first increment leads there, and only the next ones are as asked for.
 * @throws MigrascopeError HYPERVISOR_REFUSED when QEMU refuses.
 */
export async function letThrottle(migration: Migration): Promise<void> {
  const { virsh, from, domain, watch, request, throttle } = migration;
  const values = letLooseParameters(request.settings, throttle ?? { capabilities: {}, parameters: {} });
  const { "cpu-throttle-initial": initial = 1, "cpu-throttle-increment": increment = 1 } = values;
  const now = Math.round((watch.latest?.throttle ?? 0) * 100);
  const first = now > 0 && initial > now ? initial - now : increment;
  await monitor(virsh[from], domain, "migrate-set-parameters", { ...values, "cpu-throttle-increment": first });
  if (first === increment) return;
  const begun = (): boolean => (watch.latest?.throttle ?? 0) * 100 >= initial;
  const over = (): boolean => isOver(migration) || watch.hasEnded;
  void watch
    .waitFor(() => begun() || over(), { seconds: FIRST_STEP })
    .then((how) => {
      // Refused: the migration's end tells.
      if (how === "met" && !over())
        void monitor(virsh[from], domain, "migrate-set-parameters", { "cpu-throttle-increment": increment }).catch(
          () => {},
        );
    });
}

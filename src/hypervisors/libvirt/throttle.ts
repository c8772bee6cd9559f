/**
 * Throttling that begins when we want it. QEMU's auto-converge cannot be switched on while a migration runs, but its parameters
 * can be changed: it is switched on from the beginning with a maximum of 1 %, which is let go at the deadline.
 *
 * libvirt has no command for these parameters. They are set on QEMU's monitor, which libvirt permits and notes as a taint.
 */
import type { MigrationSettings } from "../../model/settings.ts";
import { monitor } from "./monitor.ts";
import type { Virsh } from "./virsh.ts";

const LEAST = 1;
/** QEMU's defaults, percent. */
const DEFAULTS = { initial: 20, increment: 10, maximum: 99 } as const;

const percent = (share: number | undefined, otherwise: number): number =>
  share === undefined ? otherwise : Math.round(share * 100);

/** Before the migrate command. @throws MigrascopeError HYPERVISOR_REFUSED */
export async function holdThrottle(virsh: Virsh, domain: string): Promise<void> {
  await monitor(virsh, domain, "migrate-set-parameters", {
    "cpu-throttle-initial": LEAST,
    "cpu-throttle-increment": LEAST,
    "max-cpu-throttle": LEAST,
  });
}

/** At the deadline: from now on the vCPUs are slowed down, by the increment each time, as the plan says. */
export async function letThrottle(virsh: Virsh, domain: string, settings: MigrationSettings): Promise<void> {
  const { initial, increment } = settings.autoConverge ?? {};
  await monitor(virsh, domain, "migrate-set-parameters", {
    "cpu-throttle-initial": percent(initial, DEFAULTS.initial),
    "cpu-throttle-increment": percent(increment, DEFAULTS.increment),
    "max-cpu-throttle": DEFAULTS.maximum,
  });
}

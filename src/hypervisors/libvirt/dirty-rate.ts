/**
 * How fast the running guest dirties memory, by `virsh domdirtyrate-calc`, which is QEMU's calc-dirty-rate: see the driver
 * qemu for what its methods count and which one an emulated guest needs. libvirt lets nobody choose how many pages are
 * sampled, so the figure is five times coarser than QEMU's own can be.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DirtyRateReading } from "../../model/artifacts.ts";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { Clock } from "../../model/time.ts";
import { methodFor, resolutionOf } from "../qemu/dirty-rate.ts";
import type { Abilities } from "./abilities.ts";
import type { Virsh } from "./virsh/virsh.ts";

const MIB = 2 ** 20;
/** Pages per GiB that QEMU draws when nobody asks for more (DIRTYRATE_DEFAULT_SAMPLE_PAGES in migration/dirtyrate.h). */
const SAMPLES = 512;
const ASK_EVERY = 0.1;
/** Seconds that it may take longer than asked. */
const GRACE = 30;
/** Values of calc_status: VIR_DOMAIN_DIRTYRATE_MEASURED. */
const MEASURED = 2;

export interface DirtyRateRequest {
  readonly virsh: Virsh;
  readonly domain: string;
  readonly host: HostRole;
  readonly accelerator: "kvm" | "tcg";
  readonly abilities: Pick<Abilities, "qemu">;
  /** Bytes of memory that the VM has. */
  readonly memory: number;
  /** 1 to 60, whole. */
  readonly seconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Returns when it has measured. @throws MigrascopeError HYPERVISOR_REFUSED, COMMAND_FAILED, DEADLINE_EXCEEDED, CANCELLED. */
export async function measureDirtyRate(request: DirtyRateRequest): Promise<DirtyRateReading> {
  const { virsh, domain, host, accelerator, abilities, memory, clock, signal } = request;
  const method = methodFor(accelerator, abilities.qemu);
  const seconds = Math.max(1, Math.round(request.seconds));
  const start = clock();
  await virsh.run(["domdirtyrate-calc", domain, "--seconds", String(seconds), "--mode", method], { signal });
  for (;;) {
    const remaining = seconds - (clock().mono - start.mono) / 1e6;
    await sleep(Math.max(ASK_EVERY, remaining) * 1000, undefined, { signal }).catch(() => {});
    const reading = readingIn(await virsh.run(["domstats", domain, "--raw", "--dirtyrate"], { signal }));
    if (reading?.status === MEASURED) {
      return {
        start,
        end: clock(),
        seconds: reading.period,
        bytesPerSecond: reading.rate * MIB,
        how: method,
        resolution: resolutionOf({ method, told: reading.rate, seconds: reading.period, memory, samples: SAMPLES }),
        host,
      };
    }
    if (remaining < -GRACE)
      throw new MigrascopeError("DEADLINE_EXCEEDED", `libvirt still measures the dirty rate ${GRACE} s late`, {
        where: host,
      });
  }
}

/** Reads the answer to `domstats --raw --dirtyrate`; the rate in MiB/s. */
export function readingIn(text: string): { status: number; period: number; rate: number } | undefined {
  const field = (name: string): number | undefined => {
    const value = new RegExp(`^\\s*dirtyrate\\.${name}=(\\d+)\\s*$`, "mu").exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const [status, period, rate] = [field("calc_status"), field("calc_period"), field("megabytes_per_second")];
  if (status === undefined) return undefined;
  return { status, period: period ?? 0, rate: rate ?? 0 };
}

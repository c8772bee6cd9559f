/**
 * How fast the running guest dirties memory, by QEMU's `calc-dirty-rate` and `query-dirty-rate` (qapi/migration.json,
 * migration/dirtyrate.c).
 *
 * QEMU has two methods for us. `dirty-bitmap` counts the pages that the accelerator logged as written. `page-sampling`
 * hashes pages drawn at random, with replacement, at the beginning and at the end, and counts those whose hash changed: a
 * page on which the same bytes were written again does not count.
 *
 * Only KVM's log is counted (`total_dirty_pages` grows in `cpu_physical_memory_set_dirty_lebitmap`, which TCG never
 * calls), so dirty-bitmap would say 0 of an emulated guest. QEMU 7.2.22 does not even say that: asked for dirty-bitmap
 * under TCG it dies of SIGSEGV, and the VM with it, since `kvm_dirty_ring_enabled` reads through the KVM state that is not
 * there. An emulated guest is therefore always sampled. That has a merit: QEMU before 9.1 loses track of pages that such a
 * guest writes without pause (see `trackingWarnings`), but sampling looks at contents and tracks nothing. Measured with
 * 7.2.22 and a guest that goes round in a set of pages for ever, in a VM of 96 MiB, in MiB/s over 1 s, six times each:
 * 4 MiB: 3 to 5; 32 MiB: 30 to 33; 64 MiB: 62 to 64.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DirtyRateReading } from "../../model/artifacts.ts";
import { MigrascopeError } from "../../model/errors.ts";
import type { Clock } from "../../model/time.ts";
import type { Instance } from "./instance.ts";
import type { QmpClient } from "./qmp/client.ts";
import { isObject, type Json, type JsonObject } from "./qmp/messages.ts";
import { compareVersions } from "./versions.ts";

const MIB = 2 ** 20;
/** First versions: of `sample-pages` as we use it, of mode dirty-bitmap, of times in milliseconds. */
const SINCE = { sampling: "6.1", bitmap: "6.2", milliseconds: "8.2" } as const;
/** The most that QEMU takes, per GiB of guest memory: one page of sixteen. */
const SAMPLE_PAGES = 16_384;
/** Standard errors within which a sampled figure is told: 997 of 1000 lie there. */
const STANDARD_ERRORS = 3;
/** Seconds between questions whether the measurement is over, and how much longer than asked it may take. */
const ASK_EVERY = 0.05;
const GRACE = 30;

export type Method = "dirty-bitmap" | "page-sampling";

/** The best method that this QEMU has. @throws MigrascopeError HYPERVISOR_REFUSED when it has none. */
export function methodFor(accelerator: "kvm" | "tcg", version: string): Method {
  if (compareVersions(version, SINCE.sampling) < 0) {
    throw new MigrascopeError(
      "HYPERVISOR_REFUSED",
      `QEMU ${version} cannot measure the dirty rate well enough: QEMU ${SINCE.sampling} is the first version that can`,
    );
  }
  return accelerator === "kvm" && compareVersions(version, SINCE.bitmap) >= 0 ? "dirty-bitmap" : "page-sampling";
}

/**
 * Arguments of the command. Before 8.2 it counts in whole seconds, to which ours are rounded; QEMU refuses what is out of
 * its range.
 */
export function requestOf(method: Method, version: string, seconds: number): JsonObject {
  return {
    ...(countsMilliseconds(version)
      ? { "calc-time": Math.round(seconds * 1000), "calc-time-unit": "millisecond" }
      : { "calc-time": Math.round(seconds) }),
    mode: method,
    ...(method === "page-sampling" && { "sample-pages": SAMPLE_PAGES }),
  };
}

const countsMilliseconds = (version: string): boolean => compareVersions(version, SINCE.milliseconds) >= 0;

/**
 * Bytes per second by which the figure may be off, `told` being whole MiB/s.
 * Both methods cut off what is beyond a whole MiB/s; dirty-bitmap of 7.2 before that what is beyond a whole MiB.
 * A sample of n draws from N bytes, of which a share p was dirtied, is off by N √(p (1 − p) / n) over the time, one standard
 * error of a binomial share. p is where, within the step that was told, this is the largest: so nothing seen is not
 * taken for nothing there.
 */
export function resolutionOf(reading: {
  method: Method;
  told: number;
  seconds: number;
  memory: number;
  /** Pages drawn per GiB of memory. */
  samples?: number;
}): number {
  const { method, told, seconds, memory, samples = SAMPLE_PAGES } = reading;
  if (method === "dirty-bitmap") return MIB * (1 + 1 / seconds);
  const share = (rate: number): number => Math.min(1, (rate * MIB * seconds) / memory);
  const p = Math.min(Math.max(0.5, share(told)), share(told + 1));
  const draws = Math.max(1, Math.floor((memory * samples) / 2 ** 30));
  return MIB + (STANDARD_ERRORS * memory * Math.sqrt((p * (1 - p)) / draws)) / seconds;
}

export interface DirtyRateRequest {
  readonly instance: Pick<Instance, "role"> & { readonly qmp: Pick<QmpClient, "execute"> };
  readonly accelerator: "kvm" | "tcg";
  readonly version: string;
  /** 1 to 60. */
  readonly seconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Returns when QEMU has measured. QEMU cannot be told to stop: after an interruption it measures on to the end, and
 * until then refuses to begin another measurement.
 * @throws MigrascopeError HYPERVISOR_REFUSED, HYPERVISOR_LOST, DEADLINE_EXCEEDED or CANCELLED.
 */
export async function measureDirtyRate(request: DirtyRateRequest): Promise<DirtyRateReading> {
  const { instance, accelerator, version, seconds, clock, signal } = request;
  const { qmp, role } = instance;
  const method = methodFor(accelerator, version);
  const memory = memoryIn(await qmp.execute("query-memory-size-summary", {}, { signal }));
  const start = clock();
  await qmp.execute("calc-dirty-rate", requestOf(method, version, seconds), { signal });
  const answer = await measured(request, start.mono);
  const end = clock();
  const told = answer["dirty-rate"];
  if (answer.mode !== method || typeof told !== "number" || told < 0 || memory === undefined) {
    throw new MigrascopeError("HYPERVISOR_REFUSED", `QEMU measured no dirty rate: ${JSON.stringify(answer)}`, {
      where: role,
    });
  }
  const lasted = Number(answer["calc-time"]) / (countsMilliseconds(version) ? 1000 : 1);
  return {
    start,
    end,
    seconds: lasted,
    bytesPerSecond: told * MIB,
    how: method,
    resolution: resolutionOf({ method, told, seconds: lasted, memory }),
    host: role,
  };
}

/** QEMU's answer once it has measured: it tells of the end by no event. @param begun monotonic microseconds. */
async function measured(request: DirtyRateRequest, begun: number): Promise<JsonObject> {
  const { instance, version, seconds, clock, signal } = request;
  const unit: JsonObject = countsMilliseconds(version) ? { "calc-time-unit": "millisecond" } : {};
  for (;;) {
    const remaining = seconds - (clock().mono - begun) / 1e6;
    await sleep(Math.max(ASK_EVERY, remaining) * 1000, undefined, { signal }).catch(() => {});
    const answer = await instance.qmp.execute("query-dirty-rate", unit, { signal });
    if (isObject(answer) && answer.status === "measured") return answer;
    if (remaining < -GRACE) {
      throw new MigrascopeError("DEADLINE_EXCEEDED", `QEMU still measures the dirty rate ${GRACE} s late`, {
        where: instance.role,
      });
    }
  }
}

/** Bytes; hot-plugged memory is sampled as well. */
function memoryIn(summary: Json): number | undefined {
  if (!isObject(summary)) return undefined;
  const bytes = Number(summary["base-memory"]) + Number(summary["plugged-memory"] ?? 0);
  return bytes > 0 ? bytes : undefined;
}

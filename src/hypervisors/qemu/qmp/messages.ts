/** What QEMU and we say to each other: the QEMU Machine Protocol (docs/interop/qmp-spec in QEMU's sources). */
import { MigrascopeError } from "../../../model/errors.ts";
import type { Instant } from "../../../model/time.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** An event as QEMU sent it. */
export interface QmpEvent {
  readonly name: string;
  readonly data: JsonObject;
  /** When our process read it. */
  readonly observed: Instant;
  /** QEMU's own timestamp on its host's wall clock, microseconds; absent when QEMU could not read its clock. */
  readonly reported?: number;
}

/** QEMU refused a command. `message` holds its own words. */
export class QmpError extends MigrascopeError {
  /** QEMU's error class; nearly always `GenericError`. */
  readonly qmpClass: string;
  /** QEMU's description alone, without command and host. */
  readonly description: string;
  constructor(command: string, qmpClass: string, description: string, where?: string) {
    super("HYPERVISOR_REFUSED", `QEMU refused \`${command}\`: ${description}`, { where });
    this.name = "QmpError";
    this.qmpClass = qmpClass;
    this.description = description;
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** QEMU's `{seconds, microseconds}` in microseconds; it writes −1 when it could not read its clock. */
export function reportedTime(timestamp: Json | undefined): number | undefined {
  if (!isObject(timestamp)) return undefined;
  const { seconds, microseconds } = timestamp;
  if (typeof seconds !== "number" || typeof microseconds !== "number" || seconds < 0) return undefined;
  return seconds * 1_000_000 + microseconds;
}

/** Migration settings as QEMU has them. */
import { isObject, type Json } from "./qmp/messages.ts";

/** The name that TLS credentials have in QEMU, whichever end they are for. */
export const CREDENTIALS = "migration-tls";

export type Value = number | string | boolean;

/** Migration capabilities and parameters by QEMU's names, in QEMU's units. */
export interface NativeSettings {
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly parameters: Readonly<Record<string, Value>>;
}

/** Reads the answers to `query-migrate-capabilities` and `query-migrate-parameters`. */
export function readNative(capabilities: Json, parameters: Json): NativeSettings {
  const states: Record<string, boolean> = {};
  for (const entry of Array.isArray(capabilities) ? (capabilities as readonly Json[]) : []) {
    if (isObject(entry)) states[String(entry.capability)] = entry.state === true;
  }
  const values: Record<string, Value> = {};
  for (const [name, value] of Object.entries(isObject(parameters) ? parameters : {})) {
    if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") values[name] = value;
  }
  return { capabilities: states, parameters: values };
}

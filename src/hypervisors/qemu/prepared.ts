/** What must be set before a migration begins, so that what the plan wants at the deadline is possible then. */
import type { MigrationSettings } from "../../model/settings.ts";
import type { MigrationRequest } from "../contract.ts";
import type { NativeSettings } from "./native.ts";
import { HELD_BACK } from "./throttle.ts";

export interface Prepared {
  readonly settings: MigrationSettings;
  /** Parameters in QEMU's terms, on both ends. */
  readonly overrides: NativeSettings["parameters"];
}

/** QEMU takes capabilities only before a migration: those of the deadline's action are on from the start. Pure. */
export function preparedFor({ settings, atDeadline }: Pick<MigrationRequest, "settings" | "atDeadline">): Prepared {
  if (atDeadline === "post-copy" && !settings.postCopy)
    return { settings: { ...settings, postCopy: { recover: true } }, overrides: {} };
  // What the plan says of auto-converge holds from the deadline on.
  if (atDeadline === "throttle") return { settings: { ...settings, autoConverge: {} }, overrides: HELD_BACK };
  return { settings, overrides: {} };
}

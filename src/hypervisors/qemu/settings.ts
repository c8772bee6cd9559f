/** Migration settings: from our names and units to QEMU's, and back from what QEMU says it has. */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { Abilities } from "./abilities.ts";
import type { NativeSettings, Value } from "./native.ts";
import { supportedBy } from "./versions.ts";

interface Setting {
  readonly name: string;
  readonly native: string;
  readonly kind: "capability" | "parameter";
  /** What was asked for in our units; `undefined`: left at QEMU's default. */
  asked(settings: MigrationSettings): Value | undefined;
  readonly unit?: string;
  readonly toNative?: (value: number) => number;
  readonly fromNative?: (value: number) => number;
}

const capability = (name: string, native: string, asked: (s: MigrationSettings) => boolean): Setting => ({
  name,
  native,
  kind: "capability",
  asked: (settings) => asked(settings) || undefined,
});
const parameter = (
  name: string,
  native: string,
  asked: Setting["asked"],
  conversion: Pick<Setting, "unit" | "toNative" | "fromNative"> = {},
): Setting => ({ name, native, kind: "parameter", asked, ...conversion });

/** Bits per second here, bytes per second there. */
const RATE = { unit: "b/s", toNative: (v: number) => Math.round(v / 8), fromNative: (v: number) => v * 8 };
const MILLISECONDS = { unit: "s", toNative: (v: number) => Math.round(v * 1000), fromNative: (v: number) => v / 1000 };
const PERCENT = { unit: "share", toNative: (v: number) => Math.round(v * 100), fromNative: (v: number) => v / 100 };
/** QEMU takes only powers of two as cache size (versions before 2.11 rounded down themselves). Bytes. */
const CACHE = { unit: "B", toNative: (v: number) => 2 ** Math.floor(Math.log2(Math.max(v, 1))) };

/** Every setting that has a name of ours. The order is that of the plan's schema. */
export const SETTINGS: readonly Setting[] = [
  parameter("bandwidth", "max-bandwidth", (s) => s.bandwidth, RATE),
  // QEMU does not apply max-bandwidth once post-copy has begun; "at most" must hold there too.
  parameter("postCopy.bandwidth", "max-postcopy-bandwidth", (s) => s.postCopy && s.bandwidth, RATE),
  parameter("downtimeLimit", "downtime-limit", (s) => s.downtimeLimit, MILLISECONDS),
  capability("autoConverge", "auto-converge", (s) => s.autoConverge !== undefined),
  parameter("autoConverge.initial", "cpu-throttle-initial", (s) => s.autoConverge?.initial, PERCENT),
  parameter("autoConverge.increment", "cpu-throttle-increment", (s) => s.autoConverge?.increment, PERCENT),
  parameter("autoConverge.maximum", "max-cpu-throttle", (s) => s.autoConverge?.maximum, PERCENT),
  capability("postCopy", "postcopy-ram", (s) => s.postCopy !== undefined),
  capability("xbzrle", "xbzrle", (s) => s.xbzrle !== undefined),
  parameter("xbzrle.cache", "xbzrle-cache-size", (s) => s.xbzrle?.cache, CACHE),
  capability("multifd", "multifd", (s) => s.multifd !== undefined),
  parameter("multifd.channels", "multifd-channels", (s) => s.multifd?.channels),
  parameter("multifd.compression", "multifd-compression", (s) => s.multifd?.compression),
];

/** Units of QEMU's own parameters that have no name of ours. */
const NATIVE_UNITS: Readonly<Record<string, string>> = {
  "announce-initial": "ms",
  "announce-max": "ms",
  "announce-step": "ms",
  "throttle-trigger-threshold": "%",
  "avail-switchover-bandwidth": "B/s",
  "x-checkpoint-delay": "ms",
};

const native = (setting: Setting, asked: Value): Value =>
  typeof asked === "number" && setting.toNative ? setting.toNative(asked) : asked;
const ours = (setting: Setting, value: Value): Value =>
  typeof value === "number" && setting.fromNative ? setting.fromNative(value) : value;

/**
 * What to set before a migration: what was asked for, and every other setting of ours back at its default, so that
 * nothing of an earlier migration stays. Capability `events` is always on: the measurement lives on it.
 */
export function toNative(settings: MigrationSettings, defaults: NativeSettings): NativeSettings {
  const capabilities: Record<string, boolean> = { events: true };
  const parameters: Record<string, Value> = {};
  for (const setting of SETTINGS) {
    const asked = setting.asked(settings);
    const value = asked === undefined ? defaultOf(setting, defaults) : native(setting, asked);
    if (value === undefined) continue;
    if (setting.kind === "capability") capabilities[setting.native] = value === true;
    else parameters[setting.native] = value;
  }
  return { capabilities, parameters };
}

const defaultOf = (setting: Setting, defaults: NativeSettings): Value | undefined =>
  setting.kind === "capability" ? defaults.capabilities[setting.native] : defaults.parameters[setting.native];

/** All that one QEMU has now, asked values beside it, in our names and units where we have them. */
export function effective(host: HostRole, now: NativeSettings, asked: MigrationSettings = {}): EffectiveSetting[] {
  const all: Record<string, Value> = { ...now.capabilities, ...now.parameters };
  const rows: EffectiveSetting[] = [];
  for (const setting of SETTINGS) {
    const value = all[setting.native];
    if (value === undefined) continue;
    delete all[setting.native];
    const wanted = setting.asked(asked);
    rows.push({
      name: setting.name,
      native: setting.native,
      host,
      ...(wanted !== undefined && { asked: wanted }),
      effective: ours(setting, value),
      ...(setting.unit !== undefined && { unit: setting.unit }),
    });
  }
  for (const [name, value] of Object.entries(all)) {
    const unit = NATIVE_UNITS[name];
    rows.push({ name, native: name, host, effective: value, ...(unit !== undefined && { unit }) });
  }
  return rows;
}

/** @throws MigrascopeError SETTING_UNSUPPORTED naming setting, host, version and what would support it. */
export function refuseUnsupported(settings: MigrationSettings, host: HostRole, abilities: Abilities): void {
  const refuse = (name: string, nativeName: string): never => {
    throw new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `QEMU ${abilities.version} has no ${name} (${nativeName}): ${supportedBy(nativeName, abilities.version)}`,
      { where: host },
    );
  };
  for (const setting of SETTINGS) {
    const asked = setting.asked(settings);
    if (asked === undefined) continue;
    const known = setting.kind === "capability" ? abilities.defaults.capabilities : abilities.defaults.parameters;
    if (!(setting.native in known)) refuse(setting.name, setting.native);
    if (setting.native === "multifd-compression" && !abilities.compressions.includes(String(asked))) {
      refuse(`${setting.name} ${asked}`, `multifd-compression=${asked}`);
    }
  }
}

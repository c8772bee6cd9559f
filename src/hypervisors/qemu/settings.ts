/** Migration settings: from our names and units to QEMU's, and back from what QEMU says it has. */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { Abilities } from "./abilities.ts";
import { CREDENTIALS, type NativeSettings, type Value } from "./native.ts";
import { supportedBy } from "./versions.ts";

interface Setting {
  readonly name: string;
  readonly native: string;
  readonly kind: "capability" | "parameter";
  /** What was asked for in our units; `undefined`: left at QEMU's default. */
  asked(settings: MigrationSettings): Value | undefined;
  readonly unit?: string;
  readonly toNative?: (value: Value) => Value;
  readonly fromNative?: (value: Value) => Value;
  /** One of several parameters of QEMU's behind one name of ours: it has that name only when it was asked for. */
  readonly oneOfSeveral?: true;
}

const capability = (name: string, native: string, asked: (s: MigrationSettings) => boolean | undefined): Setting => ({
  name,
  native,
  kind: "capability",
  asked: (settings) => asked(settings) || undefined,
});
const parameter = (
  name: string,
  native: string,
  asked: Setting["asked"],
  conversion: Pick<Setting, "unit" | "toNative" | "fromNative" | "oneOfSeveral"> = {},
): Setting => ({ name, native, kind: "parameter", asked, ...conversion });

const onNumbers =
  (convert: (value: number) => number) =>
  (value: Value): Value =>
    typeof value === "number" ? convert(value) : value;
/** @param factor what a value of ours is multiplied with to be one of QEMU's. */
const scaled = (unit: string, factor: number, least = 0): Pick<Setting, "unit" | "toNative" | "fromNative"> => ({
  unit,
  toNative: onNumbers((value) => Math.max(least, Math.round(value * factor))),
  fromNative: onNumbers((value) => value / factor),
});

/** Bits per second here, bytes per second there. */
const RATE = scaled("b/s", 1 / 8);
const MILLISECONDS = scaled("s", 1000);
const PERCENT = scaled("share", 100);
/** QEMU's dirty limit is in MiB/s per vCPU, at least 1 (`vcpu-dirty-limit` in qapi/migration.json, system/dirtylimit.c). */
const DIRTY_RATE = scaled("b/s", 1 / (8 * 2 ** 20), 1);
/** QEMU takes only powers of two as cache size (versions before 2.11 rounded down themselves). Bytes. */
const CACHE = { unit: "B", toNative: onNumbers((v) => 2 ** Math.floor(Math.log2(Math.max(v, 1)))) };

/** QEMU has no parameter `transport`: with the name of credentials it encrypts, with an empty one it does not. */
const TRANSPORT = {
  toNative: (value: Value): Value => (value === "tls" ? CREDENTIALS : ""),
  fromNative: (value: Value): Value => (value === "" ? "tcp" : "tls"),
};

const level = (compression: string): Setting["asked"] => {
  return ({ multifd }) => (multifd?.compression === compression ? multifd.level : undefined);
};

/** Every setting that has a name of ours. The order is that of the plan's schema. */
export const SETTINGS: readonly Setting[] = [
  parameter("bandwidth", "max-bandwidth", (s) => s.bandwidth, RATE),
  parameter("downtimeLimit", "downtime-limit", (s) => s.downtimeLimit, MILLISECONDS),
  capability("autoConverge", "auto-converge", (s) => s.autoConverge !== undefined),
  parameter("autoConverge.initial", "cpu-throttle-initial", (s) => s.autoConverge?.initial, PERCENT),
  parameter("autoConverge.increment", "cpu-throttle-increment", (s) => s.autoConverge?.increment, PERCENT),
  parameter("autoConverge.maximum", "max-cpu-throttle", (s) => s.autoConverge?.maximum, PERCENT),
  capability("dirtyLimit", "dirty-limit", (s) => s.dirtyLimit !== undefined),
  parameter("dirtyLimit.rate", "vcpu-dirty-limit", (s) => s.dirtyLimit?.rate, DIRTY_RATE),
  parameter("dirtyLimit.period", "x-vcpu-dirty-limit-period", (s) => s.dirtyLimit?.period, MILLISECONDS),
  capability("postCopy", "postcopy-ram", (s) => s.postCopy !== undefined),
  // QEMU does not apply max-bandwidth once post-copy has begun; "at most" must hold there too.
  parameter(
    "postCopy.bandwidth",
    "max-postcopy-bandwidth",
    (s) => s.postCopy && (s.postCopy.bandwidth ?? s.bandwidth),
    RATE,
  ),
  capability("postCopy.preempt", "postcopy-preempt", (s) => s.postCopy?.preempt),
  capability("xbzrle", "xbzrle", (s) => s.xbzrle !== undefined),
  parameter("xbzrle.cache", "xbzrle-cache-size", (s) => s.xbzrle?.cache, CACHE),
  capability("multifd", "multifd", (s) => s.multifd !== undefined),
  parameter("multifd.channels", "multifd-channels", (s) => s.multifd?.channels),
  parameter("multifd.compression", "multifd-compression", (s) => s.multifd?.compression),
  parameter("multifd.level", "multifd-zlib-level", level("zlib"), { oneOfSeveral: true }),
  parameter("multifd.level", "multifd-zstd-level", level("zstd"), { oneOfSeveral: true }),
  parameter("multifd.level", "multifd-qatzip-level", level("qatzip"), { oneOfSeveral: true }),
  capability("zeroCopy", "zero-copy-send", (s) => s.zeroCopy),
  parameter("transport", "tls-creds", (s) => s.transport, TRANSPORT),
];

/** Parameters that have no name of ours but that we set for some migrations: back at their defaults for all others. */
const OTHERS = ["throttle-trigger-threshold", "tls-hostname"];

/** Units of QEMU's own parameters that have no name of ours. */
const NATIVE_UNITS: Readonly<Record<string, string>> = {
  "announce-initial": "ms",
  "announce-max": "ms",
  "announce-step": "ms",
  "throttle-trigger-threshold": "%",
  "avail-switchover-bandwidth": "B/s",
  "x-checkpoint-delay": "ms",
};

/**
 * What to set before a migration: what was asked for, and every other setting of ours back at its default, so that
 * nothing of an earlier migration stays. Capability `events` is always on: the measurement lives on it.
 * @param overrides parameters in QEMU's terms that go before both.
 */
export function toNative(
  settings: MigrationSettings,
  defaults: NativeSettings,
  overrides: NativeSettings["parameters"] = {},
): NativeSettings {
  const capabilities: Record<string, boolean> = { events: true };
  const parameters: Record<string, Value> = {};
  for (const setting of SETTINGS) {
    const asked = setting.asked(settings);
    const value = asked === undefined ? defaultOf(setting, defaults) : (setting.toNative?.(asked) ?? asked);
    if (value === undefined) continue;
    if (setting.kind === "capability") capabilities[setting.native] = value === true;
    else parameters[setting.native] = value;
  }
  for (const name of OTHERS) {
    const value = defaults.parameters[name];
    if (value !== undefined) parameters[name] = value;
  }
  return { capabilities, parameters: { ...parameters, ...overrides } };
}

const defaultOf = (setting: Setting, defaults: NativeSettings): Value | undefined =>
  setting.kind === "capability" ? defaults.capabilities[setting.native] : defaults.parameters[setting.native];

/** All that one QEMU has now, asked values beside it, in our names and units where we have them. */
export function effective(host: HostRole, now: NativeSettings, asked: MigrationSettings = {}): EffectiveSetting[] {
  const all: Record<string, Value> = { ...now.capabilities, ...now.parameters };
  const rows: EffectiveSetting[] = [];
  for (const setting of SETTINGS) {
    const value = all[setting.native];
    const wanted = setting.asked(asked);
    if (value === undefined || (setting.oneOfSeveral && wanted === undefined)) continue;
    delete all[setting.native];
    rows.push({
      name: setting.name,
      native: setting.native,
      host,
      ...(wanted !== undefined && { asked: wanted }),
      effective: setting.fromNative?.(value) ?? value,
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
    // Plain TCP is what a QEMU without credentials does anyway.
    if (asked === undefined || (setting.name === "transport" && asked !== "tls")) continue;
    const known = setting.kind === "capability" ? abilities.defaults.capabilities : abilities.defaults.parameters;
    if (!(setting.native in known)) refuse(setting.name, setting.native);
    if (setting.native === "multifd-compression" && !abilities.compressions.includes(String(asked))) {
      refuse(`${setting.name} ${asked}`, `multifd-compression=${asked}`);
    }
  }
}

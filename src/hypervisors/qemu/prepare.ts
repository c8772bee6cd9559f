/** Makes two QEMUs ready for a migration: settings on both, read back from both, and an incoming side that listens. */
import { isIPv6 } from "node:net";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole, VmSpec } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import { readHugePages } from "./huge-pages.ts";
import type { HostSetup, Instance } from "./instance.ts";
import { type NativeSettings, readNative } from "./native.ts";
import type { Prepared } from "./prepared.ts";
import { isObject, type Json, type JsonObject, QmpError } from "./qmp/messages.ts";
import { effective, toNative } from "./settings.ts";
import { giveCredentials } from "./tls.ts";
import { SINCE } from "./versions.ts";

/** What one QEMU has now. */
export async function readSettings(instance: Instance): Promise<NativeSettings> {
  const [capabilities, parameters] = await Promise.all([
    instance.qmp.execute("query-migrate-capabilities"),
    instance.qmp.execute("query-migrate-parameters"),
  ]);
  return readNative(capabilities, parameters);
}

export interface ReadyRequest {
  readonly source: Instance;
  readonly destination: Instance;
  readonly hosts: Readonly<Record<HostRole, HostSetup>>;
  /** QEMU's own, on either end. */
  readonly defaults: Readonly<Record<"source" | "destination", NativeSettings>>;
  readonly prepared: Prepared;
  readonly vm: VmSpec;
}

/**
 * Everything up to the migrate command.
 * @returns what was asked for and what is effective on both, and the URI that the source is to connect to.
 * @throws MigrascopeError SETTING_UNSUPPORTED, HYPERVISOR_REFUSED, HYPERVISOR_LOST.
 */
export async function makeReady(request: ReadyRequest): Promise<{ settings: EffectiveSetting[]; uri: string }> {
  const { source, destination, hosts, defaults, prepared, vm } = request;
  const ends = [
    { instance: source, endpoint: "client", defaults: defaults.source },
    { instance: destination, endpoint: "server", defaults: defaults.destination },
  ] as const;
  const settings: EffectiveSetting[] = [];
  const peer = hosts[destination.role];
  const encrypted = prepared.settings.transport === "tls";
  for (const { instance, endpoint, defaults: own } of ends) {
    if (encrypted) await giveCredentials(instance, hosts[instance.role], endpoint);
    const hostname = encrypted && peer.tls?.hostname !== undefined ? { "tls-hostname": peer.tls.hostname } : {};
    const overrides = { ...prepared.overrides, ...hostname };
    settings.push(...(await applySettings(instance, { settings: prepared.settings, defaults: own, overrides })));
    settings.push(...(await readHugePages(instance, vm.hugePages)));
  }
  const { family } = prepared.settings;
  const uri = await listen(destination, peer, family);
  const asked = family === undefined ? {} : { asked: family };
  const used = uri.startsWith("tcp:[") ? "ipv6" : "ipv4";
  settings.push({ name: "family", native: "migrate uri", host: source.role, ...asked, effective: used });
  return { settings, uri };
}

export interface SettingsRequest {
  readonly settings: MigrationSettings;
  readonly defaults: NativeSettings;
  /** Parameters in QEMU's terms that go before both. */
  readonly overrides?: NativeSettings["parameters"];
}

/**
 * Sets what was asked for, and everything else of ours to its default; returns what QEMU then has.
 * QEMU checks each command against what it has at that moment, also against what is left of an earlier migration: so
 * all capabilities are first taken back, then the parameters are set, then the capabilities.
 * @throws MigrascopeError SETTING_UNSUPPORTED with QEMU's words when it refuses a value or a combination.
 */
export async function applySettings(instance: Instance, request: SettingsRequest): Promise<EffectiveSetting[]> {
  const { settings, defaults, overrides } = request;
  const { qmp, role } = instance;
  const { capabilities, parameters } = toNative(settings, defaults, overrides);
  const before = toNative({}, defaults).capabilities;
  try {
    await qmp.execute("migrate-set-capabilities", statesOf(before));
    await qmp.execute("migrate-set-parameters", parameters);
    await qmp.execute("migrate-set-capabilities", statesOf(capabilities));
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    const asked = Object.keys(settings).join(", ");
    throw new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `QEMU ${qmp.version} refuses the settings (${asked}): ${error.description}${hint(settings, error.description)}`,
      { where: role, cause: error },
    );
  }
  const now = await readSettings(instance);
  refuseIgnored(instance, parameters, now.parameters);
  return effective(role, now, settings);
}

/**
 * QEMU 7.2 takes `multifd-zlib-level` and `multifd-zstd-level` and keeps the old values (`migrate_params_apply` forgets them; mended
 * in 2024): what it does not have afterwards it does not support.
 */
function refuseIgnored(
  { qmp, role }: Instance,
  set: NativeSettings["parameters"],
  now: NativeSettings["parameters"],
): void {
  for (const [name, value] of Object.entries(set)) {
    if (now[name] === undefined || now[name] === value) continue;
    const since = /level$/u.test(name) ? ": QEMU 9.1 is the first version that surely does as told" : "";
    throw new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `QEMU ${qmp.version} takes ${name}=${value} without a word and keeps ${now[name]}${since}`,
      { where: role },
    );
  }
}

const statesOf = (capabilities: NativeSettings["capabilities"]): JsonObject => ({
  capabilities: Object.entries(capabilities).map(([capability, state]) => ({ capability, state })),
});

/** What QEMU's words do not say: which version would do, or what the host lacks. */
function hint(settings: MigrationSettings, words: string): string {
  if (settings.postCopy && settings.multifd && /multifd/iu.test(words)) {
    return `; QEMU ${SINCE["multifd with postcopy-ram"]} is the first version that supports postCopy together with multifd`;
  }
  if (settings.postCopy && /postcopy is not supported/iu.test(words)) {
    return "; the host's kernel does not let QEMU use userfaultfd: run as root or set vm.unprivileged_userfaultfd=1";
  }
  if (settings.dirtyLimit && /dirty.ring/iu.test(words)) {
    return "; the VM was started without knowing that dirtyLimit would be asked for";
  }
  return "";
}

/** The network family over which a migration goes: the one asked for, or the first that the host has. */
export const familyOf = (host: HostSetup, family: MigrationSettings["family"]): "ipv4" | "ipv6" =>
  family ?? (host.migrationAddress.ipv4 === undefined ? "ipv6" : "ipv4");

/** Where the destination listens and to what the source connects. Without a port of the host's own: `port`. */
export function migrationUri(
  host: HostSetup,
  family: MigrationSettings["family"],
  port: number,
): { listen: string; connect: string } {
  const uri = (address: string): string =>
    `tcp:${isIPv6(address) ? `[${address}]` : address}:${host.migrationPort ?? port}`;
  const address = host.migrationAddress[familyOf(host, family)] ?? "";
  return { listen: uri(host.migrationListen ?? address), connect: uri(address) };
}

/** The port in a `tcp:` URI. */
export const portOf = (uri: string): number => Number(uri.slice(uri.lastIndexOf(":") + 1));

/** Lets the incoming side listen. @returns the URI that the source is to connect to. */
export async function listen(
  destination: Instance,
  host: HostSetup,
  family: MigrationSettings["family"],
): Promise<string> {
  await destination.qmp.execute("migrate-incoming", { uri: migrationUri(host, family, 0).listen });
  const port = host.migrationPort ?? Number(portIn(await destination.qmp.execute("query-migrate")));
  return migrationUri(host, family, port).connect;
}

/** The port that the kernel gave it, from the answer to `query-migrate` on the incoming side. */
function portIn(answer: Json): string {
  const addresses = isObject(answer) && Array.isArray(answer["socket-address"]) ? answer["socket-address"] : [];
  for (const each of addresses as readonly Json[]) {
    if (isObject(each) && each.type === "inet" && typeof each.port === "string") return each.port;
  }
  throw new MigrascopeError("HYPERVISOR_REFUSED", "QEMU does not say on which port it listens for the migration", {
    where: "destination",
  });
}

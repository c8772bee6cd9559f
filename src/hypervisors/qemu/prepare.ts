/** Makes two QEMUs ready for a migration: settings on both, read back from both, and an incoming side that listens. */
import { isIPv6 } from "node:net";
import { MigrascopeError } from "../../model/errors.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { HostSetup, Instance } from "./instance.ts";
import { type NativeSettings, readNative } from "./native.ts";
import { isObject, type Json, QmpError } from "./qmp/messages.ts";
import { effective, toNative } from "./settings.ts";
import { SINCE } from "./versions.ts";

/** What one QEMU has now. */
export async function readSettings(instance: Instance): Promise<NativeSettings> {
  const [capabilities, parameters] = await Promise.all([
    instance.qmp.execute("query-migrate-capabilities"),
    instance.qmp.execute("query-migrate-parameters"),
  ]);
  return readNative(capabilities, parameters);
}

/**
 * Sets what was asked for, and everything else of ours to its default; returns what QEMU then has.
 * @throws MigrascopeError SETTING_UNSUPPORTED with QEMU's words when it refuses a value or a combination.
 */
export async function applySettings(
  instance: Instance,
  settings: MigrationSettings,
  defaults: NativeSettings,
): Promise<EffectiveSetting[]> {
  const { capabilities, parameters } = toNative(settings, defaults);
  try {
    await instance.qmp.execute("migrate-set-capabilities", {
      capabilities: Object.entries(capabilities).map(([capability, state]) => ({ capability, state })),
    });
    await instance.qmp.execute("migrate-set-parameters", parameters);
  } catch (error) {
    if (!(error instanceof QmpError)) throw error;
    const asked = Object.keys(settings).join(", ");
    throw new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `QEMU ${instance.qmp.version} refuses the settings (${asked}): ${error.description}${hint(settings, error.description)}`,
      { where: instance.role, cause: error },
    );
  }
  return effective(instance.role, await readSettings(instance), settings);
}

/** What QEMU's words do not say: which version would do, or what the host lacks. */
function hint(settings: MigrationSettings, words: string): string {
  if (settings.postCopy && settings.multifd && /multifd/iu.test(words)) {
    return `; QEMU ${SINCE["multifd with postcopy-ram"]} is the first version that supports postCopy together with multifd`;
  }
  if (settings.postCopy && /postcopy is not supported/iu.test(words)) {
    return "; the host's kernel does not let QEMU use userfaultfd: run as root or set vm.unprivileged_userfaultfd=1";
  }
  return "";
}

/** Lets the incoming side listen. @returns the URI that the source is to connect to. */
export async function listen(destination: Instance, host: HostSetup): Promise<string> {
  const address = isIPv6(host.migrationAddress) ? `[${host.migrationAddress}]` : host.migrationAddress;
  await destination.qmp.execute("migrate-incoming", { uri: `tcp:${address}:${host.migrationPort ?? 0}` });
  if (host.migrationPort !== undefined) return `tcp:${address}:${host.migrationPort}`;
  return `tcp:${address}:${portIn(await destination.qmp.execute("query-migrate"))}`;
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

/** What is set before a migration, and what QEMU then has, read back while it runs. */
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { Limits } from "../changes.ts";
import { effective } from "../qemu/settings.ts";
import { readSettings } from "./virsh/monitor.ts";
import type { Virsh } from "./virsh/virsh.ts";
import type { MigrationWatch } from "./watch.ts";

/** QEMU's default, seconds. */
const DOWNTIME_LIMIT = 0.3;

/** libvirt resets everything else itself when a migration ends. @throws MigrascopeError HYPERVISOR_REFUSED */
export async function setDowntimeLimit(virsh: Virsh, domain: string, settings: MigrationSettings): Promise<void> {
  const seconds = settings.downtimeLimit ?? DOWNTIME_LIMIT;
  await virsh.run(["migrate-setmaxdowntime", domain, String(Math.max(1, Math.round(seconds * 1000)))]);
}

/**
 * libvirt sets most parameters after the migrate command and takes them back at the end: they are read from QEMU's monitor on
 * both hosts once QEMU has begun to migrate.
 */
export async function readEffective(
  watch: MigrationWatch,
  domain: string,
  settings: MigrationSettings,
  limits: Limits,
): Promise<EffectiveSetting[]> {
  const how = await watch.waitFor(() => watch.sourceStatus !== "none", limits);
  if (how !== "met") return [];
  const rows = await Promise.all(
    (["source", "destination"] as const).map(async (host) => {
      const now = await readSettings(watch.sessions[host], domain).catch(() => undefined);
      return now ? effective(host, now, settings) : [];
    }),
  );
  return rows.flat();
}

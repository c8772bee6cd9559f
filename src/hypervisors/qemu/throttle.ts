/**
 * Throttling that begins at the deadline, with QEMU's auto-converge.
 *
 * QEMU refuses to change a capability while a migration runs (`qmp_migrate_set_capabilities`), so auto-converge is on from the
 * start; its parameters may be changed. Until the deadline they hold it back as far as they go: `throttle-trigger-threshold`
 * 100 (it acts only when more is dirtied than sent), initial, increment and maximum 1 % (`migrate_params_check` takes no
 * less). A guest that outruns the link may thus lose 1 % of its vCPU time before the deadline; never more.
 */
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { Migration } from "./migration.ts";
import type { NativeSettings, Value } from "./native.ts";
import { isObject } from "./qmp/messages.ts";

/** What holds auto-converge back, in QEMU's terms. */
export const HELD_BACK: Readonly<Record<string, number>> = {
  "throttle-trigger-threshold": 100,
  "cpu-throttle-initial": 1,
  "cpu-throttle-increment": 1,
  "max-cpu-throttle": 1,
};

/** Seconds in which throttling must have taken its first step. */
const FIRST_STEP = 600;

/** QEMU's parameters of throttling once it is let loose. */
export function letLooseParameters(settings: MigrationSettings, defaults: NativeSettings): Record<string, number> {
  const { initial, increment, maximum } = settings.autoConverge ?? {};
  const percent = (share: number | undefined, native: string): number =>
    share === undefined ? Number(defaults.parameters[native]) : Math.max(1, Math.round(share * 100));
  const values = {
    "throttle-trigger-threshold": Number(defaults.parameters["throttle-trigger-threshold"] ?? Number.NaN),
    "cpu-throttle-initial": percent(initial, "cpu-throttle-initial"),
    "cpu-throttle-increment": percent(increment, "cpu-throttle-increment"),
    "max-cpu-throttle": percent(maximum, "max-cpu-throttle"),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

/**
 * Lets the throttling loose. Where it stands at 1 % already, QEMU adds its increment to that and does not begin at
 * `cpu-throttle-initial`: so the first increment leads there, and only the next ones are as asked for.
 * @returns what was set then, as read back. @throws QmpError when QEMU refuses.
 */
export async function letLoose(migration: Migration): Promise<EffectiveSetting[]> {
  const { source, watch, request, defaults } = migration;
  const values = letLooseParameters(request.settings, defaults);
  const { "cpu-throttle-initial": initial = 1, "cpu-throttle-increment": increment = 1 } = values;
  const now = Math.round((watch.latest?.throttle ?? 0) * 100);
  const first = now > 0 && initial > now ? initial - now : increment;
  await source.qmp.execute("migrate-set-parameters", { ...values, "cpu-throttle-increment": first });
  if (first !== increment) {
    const begun = (): boolean => (watch.latest?.throttle ?? 0) * 100 >= Math.min(initial, values["max-cpu-throttle"]!);
    void watch
      .waitFor(() => begun() || watch.isOver, { seconds: FIRST_STEP })
      .then(() => {
        // Refused or lost: the migration's end tells.
        if (!watch.isOver)
          source.qmp.execute("migrate-set-parameters", { "cpu-throttle-increment": increment }).catch(() => {});
      });
  }
  const answer = await source.qmp.execute("query-migrate-parameters");
  const set: Record<string, Value> = { ...(isObject(answer) ? (answer as Record<string, Value>) : {}) };
  return rowsOf(migration, { ...set, "cpu-throttle-increment": increment });
}

/** Names of the settings as of the deadline on; before it they are those that hold it back. */
const NAMES = {
  initial: "cpu-throttle-initial",
  increment: "cpu-throttle-increment",
  maximum: "max-cpu-throttle",
} as const;

function rowsOf({ source, request }: Migration, set: Readonly<Record<string, Value>>): EffectiveSetting[] {
  return Object.entries(NAMES).flatMap(([name, native]) => {
    const value = set[native];
    const asked = request.settings.autoConverge?.[name as keyof typeof NAMES];
    if (typeof value !== "number") return [];
    return {
      name: `atDeadline.autoConverge.${name}`,
      native,
      host: source.role,
      ...(asked !== undefined && { asked }),
      effective: value / 100,
      unit: "share",
    };
  });
}

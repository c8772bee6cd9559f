/** Which measurements a pass has: what was not asked of it is left out, which is not the same as unknown. */
import type { MigrationPart } from "../../model/migration.ts";
import { movesDisk } from "../moved-disk.ts";
import type { Pass } from "../pass.ts";
import { orNull } from "../unknown.ts";
import type { PassMeasurement } from "./definition.ts";
import {
  COLD_MEASUREMENTS,
  DISK_MEASUREMENTS,
  FLOW_MEASUREMENTS,
  oldCopyBytes,
  PART_MEASUREMENTS,
  PASS_MEASUREMENTS,
  PROBED_MEASUREMENTS,
  STORAGE_MEASUREMENTS,
  WORKLOAD_MEASUREMENTS,
} from "./registry.ts";

/** Parts that a kind of migration has whatever happened. */
const ALWAYS: Readonly<Record<string, readonly MigrationPart[]>> = {
  cold: ["shut-down", "start", "first-reply"],
  "storage-then-memory": ["disk-copy", "memory"],
};

export function wantedMeasurements(pass: Pass): PassMeasurement[] {
  const { kind, record } = pass.onDisk;
  const told = (orNull(pass.parts) ?? []).map(({ part }) => part);
  const parts = new Set<MigrationPart>([...(ALWAYS[pass.scenario.migration] ?? []), ...told]);
  const storage = (orNull(pass.ports) ?? []).some(({ role }) => role.startsWith("storage."));
  const flows = kind === "probed" || orNull(pass.artifacts.flows) !== null;
  return [
    ...PASS_MEASUREMENTS,
    ...(kind === "probed" ? PROBED_MEASUREMENTS : []),
    ...(flows ? FLOW_MEASUREMENTS : []),
    ...Object.entries(PART_MEASUREMENTS).flatMap(([part, one]) => (parts.has(part as MigrationPart) ? [one] : [])),
    ...(parts.has("shut-down") ? COLD_MEASUREMENTS : []),
    ...(movesDisk(pass) ? DISK_MEASUREMENTS : []),
    ...(record?.oldCopy ? [oldCopyBytes] : []),
    ...(storage ? STORAGE_MEASUREMENTS : []),
    ...(pass.workloads.planned.length > 0 ? WORKLOAD_MEASUREMENTS : []),
  ];
}

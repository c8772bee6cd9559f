/** QEMU's answer to `query-migrate` in our terms. Field meanings: MigrationInfo and MigrationStats in qapi/migration.json. */
import type { MigrationProgress, MigrationReport } from "../../model/migration.ts";
import type { Instant } from "../../model/time.ts";
import { known } from "../known.ts";
import { isObject, type Json, type JsonObject } from "./qmp/messages.ts";

/** The field as a number, divided (0.036 is 36 / 1000, not 36 × 0.001); absent or negative fields stay absent. */
function field(from: JsonObject, name: string, divisor = 1): number | undefined {
  const value = from[name];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value / divisor : undefined;
}

const infoOf = (answer: Json): JsonObject => (isObject(answer) ? answer : {});
const ramOf = (info: JsonObject): JsonObject => (isObject(info.ram) ? info.ram : {});

export const statusOf = (answer: Json): string => {
  const { status } = infoOf(answer);
  return typeof status === "string" ? status : "none";
};

export function toProgress(answer: Json, at: Instant): MigrationProgress {
  const info = infoOf(answer);
  const ram = ramOf(info);
  const throughput = field(ram, "mbps");
  const pagesPerSecond = field(ram, "dirty-pages-rate");
  return {
    at,
    status: statusOf(answer),
    ...known({
      round: field(ram, "dirty-sync-count"),
      elapsed: field(info, "total-time", 1000),
      remaining: field(ram, "remaining"),
      transferred: field(ram, "transferred"),
      total: field(ram, "total"),
      throughput: throughput === undefined ? undefined : Math.round(throughput * 1e6),
      dirtyRate: pagesPerSecond === undefined ? undefined : pagesPerSecond * (field(ram, "page-size") ?? 4096),
      throttle: field(info, "cpu-throttle-percentage", 100),
      zeroPages: field(ram, "duplicate"),
      normalPages: field(ram, "normal"),
      expectedDowntime: field(info, "expected-downtime", 1000),
    }),
  };
}

export function toReport(answer: Json): MigrationReport {
  const info = infoOf(answer);
  const ram = ramOf(info);
  return known({
    totalTime: field(info, "total-time", 1000),
    downtime: field(info, "downtime", 1000),
    setupTime: field(info, "setup-time", 1000),
    transferred: field(ram, "transferred"),
    rounds: field(ram, "dirty-sync-count"),
    zeroPages: field(ram, "duplicate"),
    normalPages: field(ram, "normal"),
    pageSize: field(ram, "page-size") || undefined,
    postCopyRequests: field(ram, "postcopy-requests"),
  });
}

/** QEMU's own words about a failure, if it has any. */
export function errorOf(answer: Json): string | undefined {
  const { "error-desc": words } = infoOf(answer);
  return typeof words === "string" && words !== "" ? words : undefined;
}

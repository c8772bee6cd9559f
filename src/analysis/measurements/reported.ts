/** What the hypervisor says of itself: never mixed with what was measured. */
import { ARTIFACT } from "../../model/artifacts.ts";
import type { MigrationReport } from "../../model/migration.ts";
import { Unknown } from "../unknown.ts";
import type { PassMeasurement } from "./definition.ts";

function reported(
  id: string,
  title: string,
  unit: PassMeasurement["unit"],
  field: keyof MigrationReport,
  definition: string,
): PassMeasurement {
  return {
    id,
    title,
    unit,
    definition,
    artifacts: [ARTIFACT.migration],
    measure: (pass) => {
      const value = pass.report()[field];
      if (value === undefined) throw new Unknown("the hypervisor does not report it");
      return { value, source: `${ARTIFACT.migration}, the hypervisor's report, ${field}` };
    },
  };
}

export const totalTimeReported = reported(
  "totalTimeReported",
  "Reported total time",
  "s",
  "totalTime",
  "What the hypervisor itself gives as the migration's total time.",
);
export const downtimeReported = reported(
  "downtimeReported",
  "Reported downtime",
  "s",
  "downtime",
  "What the hypervisor itself claims as downtime; neither the blackout nor what a client sees.",
);
export const setupTime = reported(
  "setupTime",
  "Setup time",
  "s",
  "setupTime",
  "What the hypervisor says it needed before it sent the first page.",
);
export const transferredReported = reported(
  "transferredReported",
  "Reported data",
  "bytes",
  "transferred",
  "Bytes that the hypervisor says it sent.",
);
export const zeroPages = reported(
  "zeroPages",
  "Zero pages",
  "count",
  "zeroPages",
  "Pages that the hypervisor found to be all zeros and did not send.",
);
export const normalPages = reported(
  "normalPages",
  "Pages sent",
  "count",
  "normalPages",
  "Pages that the hypervisor says it sent in full, repeated ones included.",
);
export const postCopyRequests = reported(
  "postCopyRequests",
  "Post-copy requests",
  "count",
  "postCopyRequests",
  "Pages that the destination had to ask for after it ran.",
);

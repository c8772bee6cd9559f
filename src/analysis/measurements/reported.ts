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
  not: string,
): PassMeasurement {
  return {
    id,
    title,
    unit,
    definition,
    bounds: "None: the hypervisor gives none.",
    not,
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
  "What was measured: its clock and its idea of beginning and end.",
);
export const downtimeReported = reported(
  "downtimeReported",
  "Reported downtime",
  "s",
  "downtime",
  "What the hypervisor itself claims as downtime; neither the blackout nor what a client sees.",
  "When the VM answers again. QEMU's ends when the source has sent everything, before RESUME on the destination.",
);
export const setupTime = reported(
  "setupTime",
  "Setup time",
  "s",
  "setupTime",
  "What the hypervisor says it needed before it sent the first page.",
  "The time until the first page was on the wire. QEMU counts in milliseconds: 0 is less than one.",
);
export const transferredReported = reported(
  "transferredReported",
  "Reported data",
  "bytes",
  "transferred",
  "Bytes that the hypervisor says it sent.",
  "Bytes on the wire: headers are missing, and what it counts differs between hypervisors.",
);
export const diskTransferredReported = reported(
  "diskTransferredReported",
  "Reported disk data",
  "bytes",
  "diskTransferred",
  "Bytes of the disk that the hypervisor says it copied.",
  "Bytes on the wire: a hypervisor counts how far it has come in the disk, holes that it did not send included.",
);
export const zeroPages = reported(
  "zeroPages",
  "Zero pages",
  "count",
  "zeroPages",
  "Pages that the hypervisor found to be all zeros and did not send.",
  "Memory that the guest does not use: pages used and cleared are zero too.",
);
export const normalPages = reported(
  "normalPages",
  "Pages sent",
  "count",
  "normalPages",
  "Pages that the hypervisor says it sent in full, repeated ones included.",
  "Pages that the guest dirtied: the first round sends every page that is not zero.",
);
export const postCopyRequests = reported(
  "postCopyRequests",
  "Post-copy requests",
  "count",
  "postCopyRequests",
  "Pages that the destination had to ask for after it ran.",
  "Time that the guest waited for them. 0 in a migration without post-copy.",
);

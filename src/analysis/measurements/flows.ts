/** The bytes on the migration network, split by what they were. */
import { ARTIFACT } from "../../model/artifacts.ts";
import { allSent } from "../flow-bytes.ts";
import type { Pass } from "../pass.ts";
import { orNull } from "../unknown.ts";
import { Bounded, type Finding, type PassMeasurement } from "./definition.ts";

const artifacts = [ARTIFACT.flowsSource, ARTIFACT.migration];
const BOUNDS =
  "None while the kernel had room for every packet. Where it dropped some, low is what was counted, and high what the switch's port counted beyond all flows as well; without a port there is no upper bound. A count that broke off is a lower bound.";
const NOT_ALL =
  "Frames' check sequences and preambles are not in it; where the network card cuts segments, their headers are not either.";

/** Bytes of a class, with what the drops leave open. */
function split(pass: Pass, value: number, of: { all: number; dropped: number; whole: boolean }): Finding {
  if (!of.whole) throw new Bounded("the count of the flows broke off", { low: value });
  if (of.dropped === 0) return { value };
  const port = orNull(pass.ports)?.find(
    ({ role, direction }) => role === "migration.source" && direction === "in",
  )?.bytes;
  const high = port?.high === undefined ? undefined : value + Math.max(0, port.high - of.all);
  return { value, low: value, high };
}

const share = (
  id: string,
  title: string,
  field: "memory" | "disk" | "control",
  definition: string,
  not: string,
): PassMeasurement => ({
  id,
  title,
  unit: "bytes",
  definition,
  bounds: BOUNDS,
  not: `${not} ${NOT_ALL}`,
  artifacts,
  measure: (pass) => {
    const flows = pass.flows();
    return split(pass, flows[field], flows);
  },
});

export const transferredMemory = share(
  "transferredMemory",
  "Memory on the wire",
  "memory",
  "Bytes of frames that left the source from the migrate command on, in TCP connections to or from a port that the driver says carried memory; headers included.",
  "Memory alone: the VM's device state and the protocol's own words go through the same connections.",
);
export const transferredDisk = share(
  "transferredDisk",
  "Disk on the wire",
  "disk",
  "Bytes of frames that left the source from the migrate command on, in TCP connections to or from a port that the driver says carried the disk; headers included. 0 when the migration moved none.",
  "What of the disk went over another network, such as that of a shared storage.",
);
export const transferredControl = share(
  "transferredControl",
  "Control on the wire",
  "control",
  "All other bytes of frames that left the source on the migration network from the migrate command on: management connections, address resolution, and whatever else was there.",
  "That the migration caused them: no background is subtracted.",
);

export const transferredByFlows: PassMeasurement = {
  id: "transferredByFlows",
  title: "Data by all flows",
  unit: "bytes",
  definition:
    "The sum of all flows: every frame that left the source on the migration network from the migrate command on. It is held against the switch's port: a difference beyond 0.1 % and 64 KiB, 4 bytes a frame for check sequences and the headers of segments that the network card cuts is a warning.",
  bounds: BOUNDS,
  not: `The same as the port's count: background is not subtracted. ${NOT_ALL}`,
  artifacts,
  measure: (pass) => {
    const total = allSent(pass.artifacts.flows(), pass.timeline());
    return split(pass, total.all, total);
  },
};

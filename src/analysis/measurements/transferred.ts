import { ARTIFACT } from "../../model/artifacts.ts";
import type { Measurement, PortBytes } from "../../model/result.ts";
import { NO_PORT } from "../bytes.ts";
import type { Pass } from "../pass.ts";
import { Unknown } from "../unknown.ts";
import { Bounded, type Finding, type PassMeasurement } from "./definition.ts";

/** The port through which the source's migration traffic enters the switch. */
const SOURCE_PORT = "migration.source";

export function sourcePort(pass: Pass): PortBytes {
  const port = pass.ports().find(({ role, direction }) => role === SOURCE_PORT && direction === "in");
  if (!port) throw new Unknown(`no port of the switch is known as ${SOURCE_PORT}`);
  return port;
}

/** By the switch; by the source's own interface where there is no port to ask. */
function counted(pass: Pass): Measurement {
  const { port, bytes, hostInterface } = sourcePort(pass);
  return port === NO_PORT && hostInterface ? hostInterface : bytes;
}

function finding({ value, low, high, source, unknown }: Measurement): Finding {
  if (value === null) throw new Unknown(unknown ?? "unknown");
  return { value, low, high, source };
}

export const transferred: PassMeasurement = {
  id: "transferred",
  title: "Data on the wire",
  unit: "bytes",
  definition:
    "Bytes that left the source on the migration network, counted by the managed switch at the source's port (SNMP), headers included, background subtracted.",
  bounds:
    "High: nothing subtracted, since the background may have ceased; none if the counters had not settled. Low: the background at the highest rate that the readings before allow, each of them possibly older than it says.",
  not: "Memory sent: headers, retransmissions and everything else that the source sends on that network are in it. Frames' checksums and preambles are not, since no counter counts them.",
  artifacts: [ARTIFACT.counters],
  measure: (pass) => finding(sourcePort(pass).bytes),
};

export const transferredByInterfaces: PassMeasurement = {
  id: "transferredByInterfaces",
  title: "Data by the source's interface",
  unit: "bytes",
  definition:
    "The same bytes as the source's own interface on the migration network counted them, background subtracted.",
  bounds: "High: nothing subtracted. Low: the background at its rate before.",
  not: "An independent witness where the switch is a bridge on the same machine: both are then kernel counters at the two ends of one link.",
  artifacts: [ARTIFACT.interfaces],
  measure: (pass) => {
    const { hostInterface } = sourcePort(pass);
    if (!hostInterface) throw new Unknown("the source's interface was not read");
    return finding(hostInterface);
  },
};

export const throughput: PassMeasurement = {
  id: "throughput",
  title: "Mean throughput",
  unit: "bits/s",
  definition: "Data on the wire over the total time; data by the source's interface where there is no managed switch.",
  bounds: "Those of the data on the wire; the total time has none.",
  not: "The link's capacity, nor the rate while pages were sent: setup and the end are in the time. Data still in the source's socket when it reports the end is counted, so that short migrations can seem to exceed the link by its buffer.",
  artifacts: [ARTIFACT.counters, ARTIFACT.migration],
  measure: (pass) => {
    const { end } = pass.moments();
    const { value, low, high } = finding(counted(pass));
    if (!end || end.t <= 0) throw new Unknown("the migration's end is not recorded");
    const rate = (bytes: number | undefined): number | undefined =>
      bytes === undefined ? undefined : (bytes * 8) / end.t;
    if (end.kind !== "completed") throw new Bounded("the migration did not complete", {});
    return { value: rate(value)!, low: rate(low), high: rate(high) };
  },
};

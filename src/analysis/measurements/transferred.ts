import { ARTIFACT } from "../../model/artifacts.ts";
import type { Measurement } from "../../model/result.ts";
import type { Pass } from "../pass.ts";
import { Unknown } from "../unknown.ts";
import { Bounded, type Finding, type PassMeasurement } from "./definition.ts";

/** The port through which the source's migration traffic enters the switch. */
const SOURCE_PORT = "migration.source";

function sourcePort(pass: Pass) {
  const port = pass.ports().find(({ role, direction }) => role === SOURCE_PORT && direction === "in");
  if (!port) throw new Unknown(`no port of the switch is known as ${SOURCE_PORT}`);
  return port;
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
  artifacts: [ARTIFACT.counters],
  measure: (pass) => finding(sourcePort(pass).bytes),
};

export const transferredByInterfaces: PassMeasurement = {
  id: "transferredByInterfaces",
  title: "Data by the source's interface",
  unit: "bytes",
  definition:
    "The same bytes as the source's own interface on the migration network counted them, background subtracted.",
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
  definition: "Data on the wire over the total time.",
  artifacts: [ARTIFACT.counters, ARTIFACT.migration],
  measure: (pass) => {
    const { end } = pass.moments();
    const { value, low, high } = finding(sourcePort(pass).bytes);
    if (!end || end.t <= 0) throw new Unknown("the migration's end is not recorded");
    const rate = (bytes: number | undefined): number | undefined =>
      bytes === undefined ? undefined : (bytes * 8) / end.t;
    if (end.kind !== "completed") throw new Bounded("the migration did not complete", {});
    return { value: rate(value)!, low: rate(low), high: rate(high) };
  },
};

/** One pass with all that is derived from its artifacts, each computed once and only when somebody asks. */
import type { MigrationRecord } from "../model/migration.ts";
import type { Scenario } from "../model/plan.ts";
import type {
  Anatomy,
  Announcement,
  Convergence,
  Late,
  Part,
  PortBytes,
  ProbeFate,
  Recovery,
  Round,
} from "../model/result.ts";
import type { Testbed } from "../model/testbed.ts";
import type { PassOnDisk } from "../run/read/run.ts";
import { anatomyOf } from "./anatomy.ts";
import { announcementsOf } from "./announcements.ts";
import { type Artifacts, artifactsOf, type CapturePlace } from "./artifacts.ts";
import { flagAgainstReport, portBytes } from "./bytes.ts";
import { convergenceOf } from "./convergence.ts";
import { coverOrThrow } from "./coverage.ts";
import { fatesOf } from "./fates.ts";
import { assembleFlights, type Flights, withoutUnderway } from "./flights.ts";
import { type FlowBytes, flowBytes } from "./flow-bytes.ts";
import { judgeLateness, type Lateness } from "./lateness.ts";
import { type Moments, momentsOf, standstill } from "./moments.ts";
import { downtimeOf, placeOf } from "./outage-results.ts";
import { type DetectedOutage, findOutages } from "./outages.ts";
import { lateOf, partsOf, recoveriesOf } from "./parts.ts";
import { roundsOf } from "./rounds.ts";
import { type TapView, tapView } from "./taps.ts";
import { type Timeline, timelineOf } from "./timeline.ts";
import { lazy, orNull, Unknown } from "./unknown.ts";
import { type WorkloadRecords, workloadRecords } from "./workload-records.ts";

type Report = Extract<MigrationRecord, { record: "report" }>;

/** Every method throws `Unknown` with the reason when its value cannot be known. */
export interface Pass {
  readonly onDisk: PassOnDisk;
  readonly scenario: Scenario;
  readonly artifacts: Artifacts;
  readonly workloads: WorkloadRecords;
  timeline(): Timeline;
  moments(): Moments;
  report(): Report;
  /** Probes that were still under way when the log ended are left out. */
  flights(): Flights;
  lateness(): Lateness;
  outages(): readonly DetectedOutage[];
  downtime(): DetectedOutage | null;
  tap(place: CapturePlace): TapView;
  fates(): readonly ProbeFate[];
  announcements(): readonly Announcement[];
  anatomy(): Anatomy;
  ports(): readonly PortBytes[];
  flows(): FlowBytes;
  parts(): readonly Part[];
  late(): Late | null;
  recoveries(): readonly Recovery[];
  rounds(): readonly Round[];
  convergence(): Convergence;
}

const PLACES: readonly CapturePlace[] = ["source", "destination", "benchmark"];

export function openPass(
  onDisk: PassOnDisk,
  scenario: Scenario,
  testbed: Testbed,
  warn: (message: string) => void,
): Pass {
  const { directory, record } = onDisk;
  const artifacts = artifactsOf(directory, warn);
  const timeline = lazy(() => timelineOf(artifacts.migration, record, artifacts.probes));
  const moments = lazy(() =>
    momentsOf(artifacts.migration(), timeline(), { status: record?.status, pause: scenario.settings.pause }),
  );
  const allFlights = lazy(() => {
    const flights = assembleFlights(artifacts.probes(), timeline().originMono);
    if (flights.length === 0) throw new Unknown("no probe was sent");
    return flights;
  });
  const lateness = lazy(() => judgeLateness(allFlights(), 0));
  const flights = lazy(() => withoutUnderway(allFlights(), lateness().threshold));
  const tap = (place: CapturePlace) => lazy(() => tapView(flights(), artifacts.capture(place), timeline(), place));
  const taps = { benchmark: tap("benchmark"), source: tap("source"), destination: tap("destination") };
  const outages = lazy(() => {
    const view = orNull(taps.source);
    const uncertainty = orNull(timeline)?.uncertainty("source") ?? null;
    // A host's stamps help only as far as its clock is known.
    return findOutages(flights(), lateness(), view && uncertainty !== null ? { ...view, uncertainty } : undefined);
  });
  const downtime = lazy(() => {
    coverOrThrow(flights(), moments());
    return downtimeOf(outages(), moments());
  });
  const parts = lazy(() => partsOf(artifacts.migration(), timeline()));
  const announcements = lazy(() => {
    if (!record) throw new Unknown("the VM's MAC address is not recorded");
    const captures = PLACES.flatMap((place) => {
      const log = orNull(() => artifacts.capture(place));
      return log ? [{ place, log }] : [];
    });
    if (captures.length === 0) throw new Unknown("there is no capture");
    return announcementsOf(captures, record.vm.mac, timeline());
  });
  const report = lazy(() => {
    const last = artifacts.migration().findLast((line): line is Report => line.record === "report");
    if (!last) throw new Unknown("the hypervisor gave no account of the migration");
    return last;
  });
  // A report may tell of the memory alone, and the last sample come long before the end: then all of the disk may have gone.
  const diskReported = (): number => {
    const said = artifacts.migration().flatMap((line) => (line.record === "progress" ? (line.diskTotal ?? []) : []));
    return orNull(report)?.diskTransferred ?? Math.max(record?.vm.disk ?? 0, ...said);
  };
  const rounds = lazy(() => roundsOf(artifacts.migration(), timeline(), moments().end?.t ?? null));
  return {
    onDisk,
    scenario,
    artifacts,
    workloads: workloadRecords(scenario, artifacts, record, timeline, moments, parts),
    timeline,
    moments,
    report,
    flights,
    lateness,
    outages,
    downtime,
    tap: (place) => taps[place](),
    fates: lazy(() =>
      fatesOf({
        flights: flights(),
        threshold: lateness().threshold,
        source: orNull(taps.source),
        destination: orNull(taps.destination),
        resume: orNull(moments)?.resume?.t ?? null,
      }),
    ),
    announcements,
    anatomy: lazy(() => {
      const outage = downtime();
      if (!outage) throw new Unknown("no outage was seen");
      if (standstill(moments()) && placeOf(outage, moments()) !== "blackout")
        throw new Unknown("the outage does not overlap the blackout");
      return anatomyOf({
        flights: flights(),
        outage,
        usual: lateness().median,
        source: orNull(taps.source),
        destination: orNull(taps.destination),
        moments: moments(),
        announcements: orNull(announcements) ?? [],
      });
    }),
    ports: lazy(() => {
      if (!record) throw new Unknown("the roles of the switch's ports are not recorded");
      const links = Object.entries(testbed.kind === "lab" ? testbed.links : {});
      const ports = portBytes({
        ports: record.switchPorts,
        counters: artifacts.counters,
        interfaces: artifacts.interfaces,
        rates: Object.fromEntries(links.map(([network, { rate }]) => [network, rate])),
        settle: testbed.switch?.settle ?? 0,
      });
      const memory = orNull(report)?.transferred;
      if (memory === undefined) return ports;
      return flagAgainstReport(ports, { memory, disk: scenario.migration === "memory" ? 0 : diskReported() });
    }),
    flows: lazy(() => {
      const readings = artifacts.flows();
      if (scenario.settings.transport === "ssh" && scenario.migration !== "cold")
        throw new Unknown("memory and disk went through SSH: one connection carried everything");
      if (!record?.migrationPorts) throw new Unknown("which ports carried memory and disk is not recorded");
      return flowBytes(readings, timeline(), record.migrationPorts);
    }),
    parts,
    late: lazy(() => lateOf(artifacts.migration(), timeline(), moments(), scenario)),
    recoveries: lazy(() => recoveriesOf(artifacts.migration(), timeline())),
    rounds,
    convergence: lazy(() => convergenceOf(rounds(), moments(), record?.settings ?? [], artifacts.migration())),
  };
}

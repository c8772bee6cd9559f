/** One made-up pass, completed or not. */
import {
  type Measurement,
  type PassResult,
  type PassSeries,
  ProbeFate,
  type TrialResult,
} from "../../src/model/result.ts";
import type { Failure } from "../../src/model/run.ts";
import { phasesOf, progressOf, rounds } from "./fixture-course.ts";
import { anatomyOf, type FixtureOptions, known, outageOf, probesOf, STOP, unknown } from "./fixture-probes.ts";
import {
  categoryOrderOf,
  convergenceOf,
  dirtyTrackingOf,
  statisticsOf,
  workloadResults,
  workloadSeries,
} from "./fixture-workloads.ts";

export function passOf(
  kind: PassResult["kind"],
  options: Required<FixtureOptions>,
  status: TrialResult["status"],
  seed: number,
): { pass: PassResult; series: PassSeries; trial: string } {
  const trial = `baseline-${seed}`;
  const completed = status === "completed";
  const probed = kind === "probed" && completed;
  const { name, accelerator, blackout, busy } = options;
  const probes = probed ? probesOf(options, seed * 7919) : null;
  const outage = probes ? outageOf(probes, options) : undefined;
  const shift = kind === "quiet" ? -0.012 : seed * 0.004;
  const failure: Failure = {
    code: status === "timeout" ? "DEADLINE_EXCEEDED" : "MIGRATION_FAILED",
    message:
      status === "timeout"
        ? "the migration did not end within 120 s and was cancelled"
        : `${name} refused the connection`,
    advice: "Raise the deadline in the plan if the machine is only slow.",
    where: "source",
    phase: "migrate",
  };
  const host = {
    hypervisor: "qemu",
    version: `7.2.17 ${name}`,
    accelerator,
    kernel: "6.1.0-37-cloud-amd64",
    cpu: "Intel Xeon (2 cores)",
    machine: "pc-q35-7.2",
  };
  const why = "the migration did not complete";
  const measured = (value: number, unit: Measurement["unit"], source: string, bounds = {}): Measurement =>
    completed ? known(value, unit, source, bounds) : unknown(unit, source, why);
  const pass: PassResult = {
    kind,
    status,
    failures: completed ? [] : [failure],
    warnings: kind === "probed" && completed ? ["3 ticks of the prober were missed: 0.05 % of the schedule"] : [],
    phases: phasesOf(completed ? undefined : "migrate"),
    hosts: [
      { role: "source", ...host },
      { role: "destination", ...host },
    ],
    settings: [
      { name: "bandwidth", native: "max-bandwidth", host: "source", effective: 134_217_728, unit: "bytes/s" },
      { name: "downtimeLimit", native: "downtime-limit", host: "source", asked: 0.3, effective: 0.3, unit: "s" },
      { name: "multifdChannels", native: "multifd-channels", host: "destination", asked: 4, effective: 2 },
      { name: "autoConverge", native: "auto-converge", host: "source", asked: true, effective: true },
    ],
    outages: outage
      ? [
          outage,
          {
            ...outage,
            firstSequence: 4600,
            lastSequence: 4614,
            lost: 15,
            late: 0,
            during: "after",
            begin: { low: 3.599, high: 3.6 },
            end: { low: 3.614, high: 3.615 },
            duration: known(0.015, "s", "probes.bin", { low: 0.014, high: 0.016 }),
            lostProbeTime: known(0.015, "s", "probes.bin"),
            replyGap: known(0.0161, "s", "probes.bin"),
          },
        ]
      : [],
    announcements: completed
      ? [
          { t: STOP + blackout - 0.0031, kind: "rarp", seenAt: "destination" },
          { t: STOP + blackout - 0.0028, kind: "rarp", seenAt: "benchmark" },
          { t: STOP + blackout + 0.0412, kind: "gratuitous-arp", seenAt: "destination" },
        ]
      : [],
    parts: [],
    recoveries: [],
    rounds: completed ? rounds : rounds.slice(0, 1),
    ports: [
      {
        port: "mig-source",
        role: "migration.source",
        direction: "in",
        bytes: measured(117_210_000, "bytes", "counters.jsonl"),
        background: known(1840, "bytes", "counters.jsonl"),
        hostInterface: measured(117_213_400, "bytes", "interfaces.jsonl"),
      },
      {
        port: "mig-destination",
        role: "migration.destination",
        direction: "out",
        bytes: measured(117_209_000, "bytes", "counters.jsonl"),
        background: known(1790, "bytes", "counters.jsonl"),
        hostInterface: measured(109_800_000, "bytes", "interfaces.jsonl"),
        ...(completed ? { disagreement: "the host counted 6.3 % less than the switch" } : {}),
      },
      {
        port: `svc-source ${name}`,
        role: "service.source",
        direction: "in",
        bytes: unknown("bytes", "counters.jsonl", "the SNMP agent did not answer"),
        background: unknown("bytes", "counters.jsonl", "the SNMP agent did not answer"),
      },
    ],
    statistics: statisticsOf(),
    categoryOrder: categoryOrderOf(),
    workloads: busy ? workloadResults(completed, blackout, name) : [],
    ...(busy ? { convergence: convergenceOf(completed) } : {}),
    dirtyTracking: busy ? dirtyTrackingOf() : [],
    invalid: [],
    measurements: {
      totalTime: measured(1.043 + shift, "s", "migration.jsonl", { low: 1.0428 + shift, high: 1.0437 + shift }),
      totalTimeReported: measured(1.031 + shift, "s", "migration.jsonl"),
      blackout: measured(blackout, "s", "migration.jsonl", { low: blackout - 0.0004, high: blackout + 0.0004 }),
      downtimeReported: measured(blackout * 0.685, "s", "migration.jsonl"),
      downtime: outage
        ? outage.duration
        : unknown("s", "probes.bin", completed ? "the quiet pass sends no probes" : why),
      lostProbeTime: outage ? outage.lostProbeTime : unknown("s", "probes.bin", "no probes"),
      setupTime: measured(0.004, "s", "migration.jsonl"),
      transferred: measured(117_210_000 + shift * 1e6, "bytes", "counters.jsonl"),
      transferredReported: measured(113_400_000, "bytes", "migration.jsonl"),
      rounds: measured(3, "count", "migration.jsonl"),
      clockOffsetDestination: known(-0.0000031, "s", "pass.json", { low: -0.0000052, high: -0.000001 }),
    },
  };
  if (outage) {
    pass.outageThreshold = known(0.0104, "s", "probes.bin");
    pass.anatomy = anatomyOf(outage, blackout);
    const fates = Object.fromEntries(ProbeFate.options.map((fate) => [fate, 0])) as Record<ProbeFate, number>;
    for (const fate of probes!.fate) fates[fate]++;
    pass.fates = fates;
  }
  const series: PassSeries = {
    trial,
    pass: kind,
    probes,
    progress: progressOf(blackout),
    workloads: busy ? workloadSeries(options.length, blackout) : [],
    marks: completed
      ? { stop: STOP, resume: STOP + blackout, end: 1.043 + shift }
      : { stop: null, resume: null, end: null },
  };
  return { pass, series, trial };
}

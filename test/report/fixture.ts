/** A made-up but realistic result: what one migration of a 256 MiB guest looks like, and the ways in which it can fail. */

import {
  type Anatomy,
  type Measurement,
  type Outage,
  type PassResult,
  type PassSeries,
  ProbeFate,
  RESULT_SCHEMA,
  type Result,
  type TrialResult,
} from "../../src/model/result.ts";
import type { Failure } from "../../src/model/run.ts";

export interface FixtureOptions {
  readonly trials?: number;
  /** How the last trial ended; the others completed. */
  readonly status?: TrialResult["status"];
  /** Put into every text that a person or another program chose. */
  readonly name?: string;
  readonly accelerator?: string;
  /** Seconds between two probes. */
  readonly interval?: number;
  /** Seconds of probing after the command. */
  readonly length?: number;
  /** Seconds of blackout. */
  readonly blackout?: number;
}

export interface Fixture {
  readonly result: Result;
  readonly series: PassSeries[];
}

const STOP = 0.9053;
const known = (
  value: number,
  unit: Measurement["unit"],
  source: string,
  bounds: { low?: number; high?: number } = {},
): Measurement => ({ value, unit, source, ...bounds });
const unknown = (unit: Measurement["unit"], source: string, reason: string): Measurement => ({
  value: null,
  unit,
  source,
  unknown: reason,
});

/** Park and Miller's generator: the same noise on every machine. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function probesOf(options: Required<FixtureOptions>, seed: number): NonNullable<PassSeries["probes"]> {
  const random = noise(seed);
  const { interval, length } = options;
  const resume = STOP + options.blackout;
  const count = Math.round((length + 1) / interval);
  const sequence = new Float64Array(count);
  const sent = new Float64Array(count);
  const rtt = new Float64Array(count);
  const fate: ProbeFate[] = [];
  for (let index = 0; index < count; index++) {
    const t = -1 + index * interval + random() * interval * 0.05;
    const usual = (0.00022 + random() ** 6 * 0.0012) * (t > 0 && t < STOP ? 1.6 : 1);
    sequence[index] = index;
    sent[index] = t;
    if (t < STOP) {
      rtt[index] = usual;
      fate.push("answered-by-source");
    } else if (t < STOP + 0.012) {
      rtt[index] = resume + 0.043 + random() * 0.001 - t;
      fate.push("held");
    } else if (t < resume + 0.041) {
      rtt[index] = Number.NaN;
      fate.push(t < resume + 0.004 ? "lost-at-source" : "lost-elsewhere");
    } else {
      rtt[index] = usual + Math.max(0, 0.004 * (resume + 0.06 - t) * 50);
      fate.push("answered-by-destination");
    }
  }
  return { sequence, sent, rtt, fate };
}

function outageOf(probes: NonNullable<PassSeries["probes"]>, options: Required<FixtureOptions>): Outage {
  const first = probes.fate.findIndex((fate) => fate !== "answered-by-source");
  const last = probes.fate.findLastIndex((fate) => fate !== "answered-by-destination");
  const begin = { low: probes.sent[first - 1]!, high: probes.sent[first]! };
  const end = { low: probes.sent[last]!, high: probes.sent[last + 1]! };
  const lost = probes.fate.filter((fate) => fate.startsWith("lost")).length;
  return {
    firstSequence: first,
    lastSequence: last,
    lost,
    late: last - first + 1 - lost,
    begin,
    end,
    duration: known((begin.low + begin.high) / -2 + (end.low + end.high) / 2, "s", "probes.bin", {
      low: end.low - begin.high,
      high: end.high - begin.low,
    }),
    lostProbeTime: known(lost * options.interval, "s", "probes.bin"),
    replyGap: known(end.high - begin.low + 0.0004, "s", "probes.bin"),
    during: "blackout",
  };
}

function anatomyOf(outage: Outage, blackout: number): Anatomy {
  const resume = STOP + blackout;
  const marks = [
    {
      id: "last-reply",
      label: "last reply from the source",
      t: outage.begin.low + 0.0006,
      source: "capture-source.pcap",
    },
    { id: "stop", label: "STOP", t: STOP, source: "migration.jsonl" },
    { id: "resume", label: "RESUME", t: resume, source: "migration.jsonl" },
    { id: "announcement", label: "first announcement", t: resume - 0.0031, source: "capture-destination.pcap" },
    { id: "delivered", label: "first request delivered", t: resume + 0.0048, source: "capture-destination.pcap" },
    { id: "reply", label: "first reply", t: outage.end.high + 0.0021, source: "capture-destination.pcap" },
  ];
  const segments = marks.slice(1).map((mark, index) => ({
    from: marks[index]!.id,
    to: mark.id,
    seconds: mark.t - marks[index]!.t,
  }));
  const total = marks.at(-1)!.t - marks[0]!.t;
  return { marks, segments, total, unexplained: 0.0334 };
}

function progressOf(blackout: number): PassSeries["progress"] {
  const total = 268_435_456;
  return Array.from({ length: Math.ceil((STOP + blackout) / 0.05) + 1 }, (_, index) => {
    const t = index * 0.05;
    const round = t < 0.72 ? 1 : t < 0.86 ? 2 : 3;
    const remaining = round === 1 ? total * (1 - t / 0.72) : round === 2 ? 9.4e6 * (1 - (t - 0.72) / 0.14) : 2.1e6;
    return {
      t,
      remaining: Math.max(0, Math.round(remaining)),
      throughput: t < 0.1 ? null : 880e6 + ((index * 37) % 11) * 9e6,
      dirtyRate: round === 1 ? null : 21e6 + ((index * 53) % 7) * 1e6,
      throttle: null,
      round,
    };
  });
}

const rounds: PassResult["rounds"] = [
  {
    round: 1,
    start: 0.02,
    end: 0.72,
    transferred: 82e6,
    remainingAtStart: 268_435_456,
    throughput: 937e6,
    dirtyRate: null,
    throttle: null,
  },
  {
    round: 2,
    start: 0.72,
    end: 0.86,
    transferred: 9.4e6,
    remainingAtStart: 9.4e6,
    throughput: 537e6,
    dirtyRate: 13.4e6,
    throttle: null,
  },
  {
    round: 3,
    start: 0.86,
    end: null,
    transferred: null,
    remainingAtStart: 2.1e6,
    throughput: null,
    dirtyRate: 23e6,
    throttle: null,
  },
];

const PHASES: readonly (readonly [PassResult["phases"][number]["name"], number])[] = [
  ["power-on", 6.2],
  ["settle", 2],
  ["statistics-before", 0.4],
  ["start-captures", 0.3],
  ["counters-before", 5.1],
  ["start-prober", 1],
  ["migrate", 1.04],
  ["stop-prober", 2.1],
  ["stop-captures", 0.4],
  ["counters-after", 4.6],
  ["statistics-after", 0.3],
  ["migrate-back", 1.1],
  ["power-off", 0.9],
];

function phasesOf(failedAt: string | undefined): PassResult["phases"] {
  let start = -15;
  let over = false;
  return PHASES.map(([name, seconds]) => {
    const at = start;
    const outcome = over && name !== "power-off" ? "skipped" : name === failedAt ? "failed" : "done";
    const length = outcome === "skipped" ? 0 : seconds;
    start += length;
    over ||= outcome === "failed";
    return { name, outcome, start: at, seconds: length };
  });
}

function passOf(
  kind: PassResult["kind"],
  options: Required<FixtureOptions>,
  status: TrialResult["status"],
  seed: number,
): { pass: PassResult; series: PassSeries; trial: string } {
  const trial = `baseline-${seed}`;
  const completed = status === "completed";
  const probed = kind === "probed" && completed;
  const { name, accelerator, blackout } = options;
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
    statistics: [
      { moment: "before", host: "source", source: "hypervisor", category: "memory.configured", bytes: 268_435_456 },
      { moment: "before", host: "source", source: "host", category: "memory.allocated", bytes: 131_072_000 },
      { moment: "before", host: "source", source: "guest", category: "memory.used", bytes: 61_440_000 },
      { moment: "after", host: "destination", source: "hypervisor", category: "memory.configured", bytes: 268_435_456 },
      { moment: "after", host: "destination", source: "host", category: "memory.allocated", bytes: 104_857_600 },
      { moment: "before", host: "source", source: "hypervisor", category: "disk.virtualSize", bytes: 42_949_672_960 },
      { moment: "before", host: "source", source: "host", category: "disk.allocatedBlocks", bytes: 1_048_576 },
    ],
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
    marks: completed
      ? { stop: STOP, resume: STOP + blackout, end: 1.043 + shift }
      : { stop: null, resume: null, end: null },
  };
  return { pass, series, trial };
}

export function fixture(given: FixtureOptions = {}): Fixture {
  const options: Required<FixtureOptions> = {
    trials: 1,
    status: "completed",
    name: "",
    accelerator: "tcg",
    interval: 0.001,
    length: 5,
    blackout: 0.127,
    ...given,
  };
  const series: PassSeries[] = [];
  const trials = Array.from({ length: options.trials }, (_, index): TrialResult => {
    const seed = index + 1;
    const status = seed === options.trials ? options.status : "completed";
    const passes = (["quiet", "probed"] as const).map((kind) => passOf(kind, options, status, seed));
    series.push(...passes.map((pass) => pass.series));
    const probed = passes[1]!.pass;
    return {
      id: passes[0]!.trial,
      scenario: `baseline${options.name}`,
      definition: {
        name: "baseline",
        migration: "memory",
        workload: "idle",
        settings: {},
        vm: {},
        probe: { interval: options.interval, family: "ipv4" },
        deadline: 120,
        bootDeadline: 120,
      },
      repetition: seed,
      hypervisor: `qemu${options.name}`,
      accelerator: options.accelerator,
      status,
      passes: passes.map(({ pass }) => pass),
      measurements: probed.measurements,
    };
  });
  const result: Result = {
    schema: RESULT_SCHEMA,
    run: {
      id: `20260801-120000-baseline${options.name}`,
      state: "finished",
      plan: `baseline${options.name}`,
      description: `An idle guest, as in the paper's 4.2.1 ${options.name}`,
      started: "2026-08-01T12:00:00Z",
      tool: "migrascope 0.1.0",
      testbed: `default${options.name}`,
      environment: { kernel: "6.1.0-37-cloud-amd64", node: "v24.21.0", lab: "user namespace", note: options.name },
      links: { service: { rate: 1e9, delay: 0, loss: 0 }, migration: { rate: 1e9, delay: 0, loss: 0 } },
      vm: { memory: 268_435_456, vcpus: 1, disk: 42_949_672_960 },
    },
    warnings: options.trials > 0 ? [`The destination's clock differs by 3.1 µs ${options.name}`] : [],
    trials,
  };
  return { result, series };
}

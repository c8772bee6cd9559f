/** A made-up run with several kinds of migration: live ones, cold ones, and one that did not end in time. */
import type {
  Measurement,
  Outage,
  Part,
  PassResult,
  PassSeries,
  ProbeFate,
  TrialResult,
} from "../../src/model/result.ts";
import { type Fixture, fixture } from "./fixture.ts";
import { known, unknown } from "./fixture-probes.ts";

const MIB = 2 ** 20;
type Definition = TrialResult["definition"];

/** What is different from the usual trial. */
interface Kind {
  readonly scenario: string;
  readonly definition: Partial<Definition>;
  /** Seconds of each part, one after the other from a tenth of a second on. */
  readonly parts?: readonly (readonly [Part["part"], number])[];
  readonly total: number;
  readonly downtime: number;
  readonly wire: { readonly memory: number; readonly disk: number };
  readonly sparse?: string;
  readonly more?: Partial<PassResult>;
}

const COLD = {
  migration: "cold" as const,
  disk: { format: "raw" as const, allocation: "sparse" as const, data: 64 * MIB },
};
const live: Kind = {
  scenario: "live-memory",
  definition: {},
  total: 1.05,
  downtime: 0.168,
  wire: { memory: 116e6, disk: 0 },
};
const storage: Kind = {
  scenario: "live-storage",
  definition: { ...COLD, migration: "storage" },
  parts: [
    ["disk-copy", 9.4],
    ["memory", 1.3],
  ],
  total: 10.9,
  downtime: 0.212,
  wire: { memory: 117e6, disk: 1074e6 },
  sparse:
    "of a disk of 1 GiB, 161 MiB were allocated at the source; 1 GiB travelled; at the destination 161 MiB are allocated: the sparse blocks travelled; they are sparse there too",
};
const COLD_PARTS: Kind["parts"] = [
  ["shut-down", 3.1],
  ["transfer", 9.2],
  ["start", 0.9],
  ["first-reply", 6.4],
];
const raw: Kind = {
  scenario: "cold-raw",
  definition: COLD,
  parts: COLD_PARTS,
  total: 13.3,
  downtime: 17.9,
  wire: { memory: 0, disk: 1090e6 },
};
const gzip: Kind = {
  ...raw,
  scenario: "cold-gzip",
  definition: { ...COLD, cold: { compression: "gzip", copy: "scp" } },
  parts: [
    ["shut-down", 3.2],
    ["compress", 14.6],
    ["transfer", 1.1],
    ["decompress", 4.2],
    ["start", 0.9],
    ["first-reply", 6.2],
  ],
  total: 24.1,
  downtime: 28.4,
  wire: { memory: 0, disk: 94e6 },
};
const late: Kind = {
  ...live,
  scenario: "late-paused",
  definition: { deadline: 8, atDeadline: "pause", grace: 60 },
  total: 9.9,
  downtime: 1.93,
  more: {
    late: {
      action: "pause",
      t: 8.002,
      deadline: 8,
      grace: 60,
      why: "61 MiB of memory were left in round 38 (as of 0.03 s before); the guest dirtied 57.2 MB/s and 33.5 MB/s were sent",
      ended: 9.9,
      how: "completed",
      helped: true,
    },
    recoveries: [],
  },
};

/** `repetitions`: of each scenario. */
export function kinds(repetitions = 3): Fixture {
  const made = [live, storage, raw, gzip, late].flatMap((kind) =>
    Array.from({ length: repetitions }, (_, index) => trialOf(kind, index)),
  );
  const { result } = fixture({ trials: 1 });
  const failed = made.at(-1)!.trial;
  return {
    result: {
      ...result,
      run: { ...result.run, plan: "live-against-cold", description: "The paper's Figure 12" },
      trials: [...made.slice(0, -1).map(({ trial }) => trial), repetitions > 1 ? timedOut(failed) : failed],
    },
    series: made.flatMap(({ series }) => series),
  };
}

function trialOf(kind: Kind, index: number): { trial: TrialResult; series: PassSeries[] } {
  const cold = kind.definition.migration === "cold";
  const made = fixture({
    trials: 1,
    busy: false,
    interval: 0.005,
    length: kind.total + 8,
    blackout: cold ? 0.1 : kind.downtime * 0.8,
  });
  const base = made.result.trials[0]!;
  const id = `${kind.scenario}-${index + 1}`;
  // No two repetitions are alike.
  const scale = 1 + ((index * 7) % 5) * 0.03;
  const passes = base.passes.map((pass) => changed(pass, kind, scale, cold));
  const trial: TrialResult = {
    ...base,
    id,
    scenario: kind.scenario,
    repetition: index + 1,
    definition: { ...base.definition, name: kind.scenario, workload: "idle", ...kind.definition },
    passes,
    measurements: passes[1]!.measurements,
  };
  const series = made.series.map(
    (one): PassSeries => ({
      ...one,
      trial: id,
      progress: cold ? [] : stretched(one.progress, kind),
      probes: one.probes && cold ? answeredAfter(one.probes, kind.downtime * scale) : one.probes,
      marks: cold ? { stop: null, resume: null, end: kind.total * scale } : { ...one.marks, end: kind.total * scale },
    }),
  );
  return { trial, series };
}

function changed(pass: PassResult, kind: Kind, scale: number, cold: boolean): PassResult {
  const total = kind.total * scale;
  let at = 0.1;
  const parts = (kind.parts ?? []).map(([part, seconds]): Part => {
    const start = at;
    at += seconds * scale;
    return { part, start, end: at };
  });
  const probed = pass.kind === "probed";
  const downtime = known(kind.downtime * scale, "s", "probes.bin", {
    low: kind.downtime * scale - 0.006,
    high: kind.downtime * scale + 0.006,
  });
  const bytes = (value: number): Measurement => known(value, "bytes", "flows-source.jsonl");
  const { anatomy, outages, fates, ...rest } = pass;
  const out = cold && probed ? [outageFrom(outages[0]!, 1.2, downtime)] : outages;
  return {
    ...rest,
    ...(cold ? { rounds: [] } : { ...(anatomy && { anatomy }) }),
    ...(fates && { fates }),
    outages: out,
    announcements: cold ? [] : pass.announcements,
    parts,
    warnings: [],
    ports: pass.ports.map(({ disagreement: _, ...port }) => port),
    ...(kind.sparse === undefined
      ? {}
      : {
          sparse: {
            travelled: true,
            kept: true,
            text: kind.sparse,
            virtualSize: bytes(1024 * MIB),
            before: bytes(161 * MIB),
            after: bytes(161 * MIB),
            sent: bytes(kind.wire.disk),
          },
        }),
    ...((kind.definition.disk?.data ?? 0) > 0
      ? {
          diskCheck: {
            path: "/data/migrascope",
            bytes: 64 * MIB,
            algorithm: "sha256" as const,
            before: "ab".repeat(32),
            after: "ab".repeat(32),
            same: true,
          },
        }
      : {}),
    ...kind.more,
    measurements: {
      ...pass.measurements,
      totalTime: known(total, "s", "migration.jsonl"),
      transferred: known(kind.wire.memory + kind.wire.disk + 20_000, "bytes", "counters.jsonl"),
      downtime: probed ? downtime : unknown("s", "probes.bin", "a quiet pass sends no probes"),
      ...(probed
        ? {
            transferredMemory: bytes(kind.wire.memory),
            transferredDisk: bytes(kind.wire.disk),
            transferredControl: bytes(20_000),
          }
        : {}),
      ...(cold
        ? {
            blackout: unknown("s", "migration.jsonl", "the VM was shut down: its parts tell how long it was away"),
            downtimeReported: unknown("s", "migration.jsonl", "the hypervisor does not report it"),
            outOfService: known(at - 0.1, "s", "migration.jsonl", { low: total - 3.2, high: at - 0.1 }),
            ...Object.fromEntries(
              parts.map(({ part, start, end }) => [
                `part${part.replace(/(?:^|-)(.)/gu, (_, letter: string) => letter.toUpperCase())}`,
                known(end! - start!, "s", "migration.jsonl"),
              ]),
            ),
          }
        : {}),
    },
  };
}

function outageFrom(outage: Outage, from: number, duration: Measurement): Outage {
  const end = from + duration.value!;
  return {
    ...outage,
    during: "migration",
    begin: { low: from - 0.006, high: from },
    end: { low: end, high: end + 0.006 },
    lost: Math.round(duration.value! / 0.005),
    late: 0,
    duration,
    lostProbeTime: duration,
    replyGap: duration,
  };
}

/** Nobody answers from 1.2 s on. */
function answeredAfter(probes: NonNullable<PassSeries["probes"]>, downtime: number): NonNullable<PassSeries["probes"]> {
  const gone = (index: number): boolean => probes.sent[index]! > 1.2 && probes.sent[index]! < 1.2 + downtime;
  return {
    ...probes,
    rtt: probes.rtt.map((_, index) => (gone(index) ? Number.NaN : 0.0004)),
    fate: [...probes.sent].map(
      (t, index): ProbeFate =>
        gone(index) ? "lost-elsewhere" : t < 1.2 ? "answered-by-source" : "answered-by-destination",
    ),
  };
}

/** The course of a longer migration, with its disk where there is one. */
function stretched(progress: PassSeries["progress"], { total, wire, parts }: Kind): PassSeries["progress"] {
  const factor = total / 1.05;
  const copy = parts?.find(([part]) => part === "disk-copy")?.[1] ?? 0;
  const disk = 1024 * MIB;
  return progress.map((sample) => {
    const t = sample.t * factor;
    if (wire.disk === 0) return { ...sample, t };
    const done = Math.min(1, t / copy);
    return {
      ...sample,
      t,
      remaining: t < copy ? 256 * MIB : Math.round(256 * MIB * Math.max(0, 1 - (t - copy) / 1.2)),
      diskTotal: disk,
      diskRemaining: Math.round(disk * (1 - done)),
      diskTransferred: Math.round(disk * done),
    };
  });
}

/** The last repetition of a scenario came to nothing. */
const timedOut = (trial: TrialResult): TrialResult => ({
  ...trial,
  status: "timeout",
  measurements: {
    ...trial.measurements,
    totalTime: { value: null, unit: "s", source: "migration.jsonl", low: 68, unknown: "the migration was cancelled" },
    downtime: unknown("s", "probes.bin", "no outage was seen"),
  },
  passes: trial.passes.map((pass) => ({
    ...pass,
    status: "timeout",
    late: { ...pass.late!, ended: 68.1, how: "cancelled", helped: false },
  })),
});

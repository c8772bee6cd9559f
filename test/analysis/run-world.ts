/** A whole synthetic run directory with known truth: one trial, a quiet and a probed pass. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { AgentRecord } from "../../src/model/agent.ts";
import type { DirtyRateReading } from "../../src/model/artifacts.ts";
import { Plan } from "../../src/model/plan.ts";
import { MANIFEST_SCHEMA, Manifest, type PassKind, type PassRecord, TrialRecord } from "../../src/model/run.ts";
import { LabTestbed } from "../../src/model/testbed.ts";
import { encodeCapture, type Packet } from "./capture-writer.ts";
import { comparisonsOf, type GuestWorld } from "./guest-world.ts";
import { NONCE, probeBytes, START_MONO, START_WALL } from "./world.ts";

const MS = 1e6;
/** Seconds of the migrate command since tick 0, and of everything else since the command. */
export const COMMAND = 2;
export const TRUTH = { setup: 0.01, stop: 1.0, resume: 1.05, announced: 1.06, reachable: 1.08, completed: 1.1 };
/** The destination's clock is ahead by this; its packets and events are stamped so. Seconds. */
export const AHEAD = 0.25;
export const BYTES = 100_000_000;
export const MAC = "52:54:00:4d:53:01";

const monoUs = Number(START_MONO / 1000n);
const wallUs = Number(START_WALL / 1000n);
/** An instant of ours, so many seconds after the command. */
export const at = (seconds: number) => {
  const us = Math.round((COMMAND + seconds) * 1e6);
  return { wall: wallUs + us, mono: monoUs + us };
};

/** What works inside the VM: the workload as a plan writes it, and what it and its peer recorded. */
export interface Guest {
  readonly workload: unknown;
  readonly world: GuestWorld;
  readonly records: readonly AgentRecord[];
  readonly peer?: readonly AgentRecord[];
  readonly dirtyRate?: readonly DirtyRateReading[];
  readonly invalid?: readonly string[];
}

/** Writes the run and returns its directory; the caller removes it. */
export function writeRun(guest?: Guest): string {
  const directory = mkdtempSync(join(tmpdir(), "migrascope-run-"));
  const scenario = { name: "idle", ...(guest ? { workload: guest.workload } : {}) };
  const plan = Plan.parse({ name: "synthetic", scenarios: [scenario] });
  const manifest: Manifest = {
    schema: MANIFEST_SCHEMA,
    id: "run-1",
    tool: { name: "migrascope", version: "0.1.0", node: "v24.0.0" },
    state: "finished",
    started: at(-10),
    ended: at(20),
    plan,
    testbed: LabTestbed.parse({}),
    environment: { kernel: "6.1" },
    trials: [{ id: "001-idle-1", scenario: "idle", repetition: 1, state: "ended", status: "completed" }],
  };
  writeFileSync(join(directory, "manifest.json"), JSON.stringify(z.encode(Manifest, manifest)));
  const trial = join(directory, "trials", "001-idle-1");
  for (const kind of ["quiet", "probed"] as const) writePass(join(trial, kind), kind, guest);
  const record: TrialRecord = {
    id: "001-idle-1",
    scenario: plan.scenarios[0]!,
    repetition: 1,
    status: "completed",
    passes: ["quiet", "probed"],
  };
  writeFileSync(join(trial, "trial.json"), JSON.stringify(z.encode(TrialRecord, record)));
  return directory;
}

function writePass(directory: string, kind: PassKind, guest: Guest | undefined): void {
  mkdirSync(directory, { recursive: true });
  const lines = (name: string, rows: readonly unknown[]): void =>
    writeFileSync(join(directory, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const later = kind === "quiet" ? 0 : 0.02;
  const event = (kindOfEvent: string, host: string, t: number, more: object = {}) => ({
    record: "event",
    kind: kindOfEvent,
    host,
    observed: at(t + 0.002),
    ...more,
  });
  const stamp = (t: number, ahead = 0) => ({ reported: Math.round(at(t).wall + ahead * 1e6) });
  const progress = (t: number, round: number, transferred: number, remaining: number) => ({
    record: "progress",
    at: at(t),
    status: "active",
    round,
    transferred,
    remaining,
    dirtyRate: round * 1000,
  });
  lines("migration.jsonl", [
    { record: "event", kind: "command", host: "source", observed: at(0) },
    progress(0.02, 1, 0, 2e8),
    progress(0.8, 2, 9e7, 1e6),
    event("stop", "source", TRUTH.stop, stamp(TRUTH.stop)),
    progress(1.01, 3, 9.5e7, 1e5),
    event("resume", "destination", TRUTH.resume, stamp(TRUTH.resume, AHEAD)),
    { record: "event", kind: "completed", host: "source", observed: at(TRUTH.completed + later) },
    { record: "report", totalTime: 1.09, downtime: 0.03, setupTime: TRUTH.setup, transferred: 95_600_000, rounds: 3 },
  ]);
  const port = (octets: number) => ({ name: "mig-source", width: 64, inOctets: String(octets), outOctets: "1000" });
  const reading = (t: number, moment: string, octets: number, settled = true) => ({
    at: at(t),
    moment,
    settled,
    ports: [port(octets)],
  });
  lines("counters.jsonl", [
    reading(-9, "background", 5000, false),
    reading(-5, "before", 5400),
    reading(0.5, "during", 50_000_000, false),
    reading(10, "after", 5400 + BYTES + 1500),
  ]);
  const own = (t: number, moment: string, txBytes: number) => ({
    at: at(t),
    moment,
    host: "source",
    interface: "mig0",
    network: "migration",
    rxBytes: 10,
    txBytes,
  });
  lines("interfaces.jsonl", [own(-9, "background", 0), own(-5, "before", 400), own(6, "after", 400 + BYTES + 1100)]);
  lines("statistics.jsonl", [
    { moment: "before", host: "source", at: at(-6), source: "guest", memory: { used: 5e7 }, disk: {} },
  ]);
  if (guest) lines("workload.jsonl", guest.records);
  if (guest?.peer) lines("peer.jsonl", guest.peer);
  if (guest?.dirtyRate) lines("dirty-rate.jsonl", guest.dirtyRate);
  if (kind === "probed") writeProbing(directory);
  const names = readdirSync(directory).sort();
  const record: PassRecord = {
    kind,
    status: "completed",
    failures: [],
    warnings: [],
    phases: [{ name: "migrate", start: at(0), end: at(TRUTH.completed), outcome: "done" }],
    clocks: [at(-9), at(12)],
    clockOffsets: [
      { host: "source", offset: 0, uncertainty: 1e-4, how: "same machine" },
      { host: "destination", offset: AHEAD, uncertainty: 2e-4, how: "asked" },
    ],
    hosts: [
      {
        role: "source",
        hypervisor: "qemu",
        version: "7.2",
        accelerator: "tcg",
        kernel: "6.1",
        cpu: "x",
        dirtyRateCounts: "sync-periods",
      },
    ],
    settings: [{ name: "downtimeLimit", native: "downtime-limit", host: "source", effective: 0.03, unit: "s" }],
    guestClocks: guest ? comparisonsOf(guest.world, at(0).mono) : [],
    invalid: [...(guest?.invalid ?? [])],
    ...(kind === "probed" ? { probe: { interval: 1e-3, family: "ipv4" as const, target: "10.77.1.100" } } : {}),
    switchPorts: { "migration.source": "mig-source" },
    vm: { memory: 2 ** 28, vcpus: 1, disk: 2 ** 30, swap: 0, mac: MAC, ipv4: "10.77.1.100/24", ipv6: "fd77:1::100/64" },
    artifacts: names.map((name) => {
      const bytes = readFileSync(join(directory, name));
      return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    }),
  };
  writeFileSync(join(directory, "pass.json"), JSON.stringify(record));
}

function writeProbing(directory: string): void {
  const [begin, end] = [(COMMAND + TRUTH.stop) * 1e9, (COMMAND + TRUTH.reachable) * 1e9];
  const way = 0.4 * MS;
  writeFileSync(
    join(directory, "probes.bin"),
    probeBytes({
      interval: MS,
      ticks: 6000,
      outages: [{ begin, end, kind: "loss" }],
      there: () => way,
      back: () => way,
    }),
  );
  const source: Packet[] = [];
  const destination: Packet[] = [];
  for (let tick = 0; tick < 6000; tick++) {
    const arrival = tick * MS + 2000 + way;
    const tap = arrival >= end ? destination : source;
    const ahead = tap === destination ? AHEAD * 1e9 : 0;
    tap.push({ kind: "request", time: arrival + ahead, sequence: tick });
    if (arrival < begin || arrival >= end) tap.push({ kind: "reply", time: arrival + ahead + 1000, sequence: tick });
  }
  const announced = (COMMAND + TRUTH.announced + AHEAD) * 1e9;
  destination.push(
    { kind: "rarp", time: announced, mac: MAC },
    { kind: "rarp", time: announced + MS, mac: "52:54:00:00:00:09" },
  );
  destination.sort((a, b) => a.time - b.time);
  writeFileSync(join(directory, "capture-source.pcap"), encodeCapture(source, { nonce: NONCE, start: START_WALL }));
  writeFileSync(
    join(directory, "capture-destination.pcap"),
    encodeCapture(destination, { nonce: NONCE, start: START_WALL }),
  );
}

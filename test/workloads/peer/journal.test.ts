import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentRecord } from "../../../src/model/agent.ts";
import type { Instant } from "../../../src/model/time.ts";
import { Journal } from "../../../src/workloads/peer/journal.ts";
import { Recorder } from "../../../src/workloads/peer/recorder.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-journal-"));
  path = join(directory, "peer.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const records = (): AgentRecord[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => AgentRecord.parse(JSON.parse(line)));

const LANE = { lane: 3, kind: "tcp", direction: "send", unitBytes: 1 } as const;

/** The machine's monotonic clock with a wall clock of our own. */
const clock = (): Instant => {
  const mono = Number(process.hrtime.bigint() / 1000n);
  return { wall: 1_700_000_000_000_000 + mono, mono };
};

test("the file can be read at any moment, and says until when it is complete", () => {
  const journal = new Journal(path, 100_000, clock);
  expect(records()).toMatchObject([{ record: "agent", side: "peer", windowLength: 100_000, dropped: 0 }]);
  const recorder = new Recorder(LANE, journal, clock);
  recorder.begin(0);
  recorder.done(8, Number(process.hrtime.bigint()));
  recorder.closeWindow();
  journal.flush();
  const [first, ...others] = records();
  expect(others).toMatchObject([
    { record: "lane", lane: 3, unit: "byte", unitBytes: 1 },
    { record: "window", done: 8 },
  ]);
  expect(first?.record === "agent" && first.fetched.mono > first.started.mono).toBe(true);
  journal.close();
});

test("windows follow each other without a gap, and the end has their sum", () => {
  const journal = new Journal(path, 100_000, clock);
  const recorder = new Recorder(LANE, journal, clock);
  recorder.begin(1000);
  for (let window = 0; window < 5; window++) {
    recorder.done(100, Number(process.hrtime.bigint()));
    recorder.closeWindow();
  }
  recorder.finish();
  recorder.finish();
  journal.close();
  const windows = records().filter((record) => record.record === "window");
  expect(windows).toHaveLength(6);
  for (const [index, window] of windows.slice(1).entries()) {
    const before = windows[index]!;
    expect(window.start.mono).toBe(before.start.mono + before.length / 1000);
    expect(window.asked).toBeCloseTo((window.length / 1e9) * 1000, 3);
  }
  expect(records().at(-1)).toMatchObject({ record: "end", how: "stopped", done: 500 });
});

test("a lane whose guest was never heard of says so", () => {
  const journal = new Journal(path, 100_000, clock);
  const recorder = new Recorder(LANE, journal, clock);
  recorder.closeWindow();
  recorder.finish();
  journal.close();
  expect(records().slice(1)).toMatchObject([
    { record: "lane" },
    { record: "end", how: "died", reason: "the guest was never heard of", done: 0 },
  ]);
});

test("findings without end are counted when they find no room, and hide no broken connection", () => {
  const journal = new Journal(path, 100_000, clock);
  const recorder = new Recorder(LANE, journal, clock);
  recorder.begin(0);
  for (let sequence = 0; sequence < 100_007; sequence++)
    recorder.found({ kind: "lost", sequence, count: 1 }, undefined, { wall: 1, mono: 1 });
  recorder.found({ kind: "broken", sequence: 0, count: 1 }, undefined);
  journal.close();
  const [first, ...others] = records();
  expect(first).toMatchObject({ dropped: 7 });
  expect(others.filter((record) => record.record === "discontinuity" && record.kind === "lost")).toHaveLength(100_000);
  expect(others.at(-1)).toMatchObject({ kind: "broken" });
});

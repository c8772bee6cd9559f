/** The echo target with sanitizers: the outages that it says it made are those that the prober met. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ScriptedOutage, scriptText } from "../../src/calibration/script.ts";
import { readTruth } from "../../src/calibration/truth.ts";
import { type ProbeLog, readProbes } from "../../src/run/read/probes.ts";
import {
  ADDRESS,
  buildSanitized,
  FAR,
  openWorld,
  probe,
  records,
  SANITIZED,
  startTarget,
  type World,
} from "./inside.ts";

let world: World;

beforeAll(async () => {
  await buildSanitized();
  world = await openWorld("target-test");
});
afterAll(() => world?.close());

/** Plays a script against 600 probes. */
async function play(name: string, script: ScriptedOutage[]): Promise<{ log: ProbeLog; lines: string[] }> {
  const [scriptFile, file] = [`${name}.txt`, `${name}.bin`].map((part) => join(world.directory, part));
  await writeFile(scriptFile!, scriptText(script));
  const target = await startTarget(world, { script: scriptFile! });
  const ended = await probe(world, "--target", ADDRESS.ipv4, "--count", "600", "--output", file!);
  expect(ended).toMatchObject({ exitCode: 0 });
  target.command.kill();
  expect(await target.command.ended).toMatchObject({ exitCode: 0 });
  return { log: readProbes(file!), lines: target.lines };
}

/** Departures (kernel's), ns since the log's wall start, of the probes that had no reply. */
function lostDepartures(log: ProbeLog): number[] {
  const answered = new Set(records(log, "reply").map((r) => log.sequence[r]!));
  return records(log, "departed")
    .filter((r) => !answered.has(log.sequence[r]!))
    .map((r) => log.wall[r]!);
}

test.each(["loss", "replies"] as const)("%s: what arrives in the outage is lost, and nothing else", async (kind) => {
  const script: ScriptedOutage[] = [{ class: kind, kind, begin: 0.2, length: 0.1003 }];
  const { log, lines } = await play(kind, script);
  const truth = readTruth(lines, script).outages[0]!;
  const [begin, end] = [truth.begin, truth.end].map((at) => Number(at - log.startWall)) as [number, number];
  expect(end - begin).toBeGreaterThanOrEqual(100_300_000);

  const lost = lostDepartures(log);
  const departed = records(log, "departed").map((r) => log.wall[r]!);
  expect(lost.length).toBeGreaterThan(0);
  // A packet arrives after its departure: those that left in the outage arrived in it, but for the last.
  expect(Math.max(...lost)).toBeLessThan(end);
  const firstLost = departed.indexOf(Math.min(...lost));
  expect(departed[firstLost - 1]!).toBeLessThan(begin);
  expect(departed.filter((at) => at >= begin && at <= Math.max(...lost)).every((at) => lost.includes(at))).toBe(true);
});

test("hold: every request is answered, those in the outage not before the release", async () => {
  const script: ScriptedOutage[] = [{ class: "hold", kind: "hold", begin: 0.2, length: 0.1 }];
  const { log, lines } = await play("hold", script);
  const truth = readTruth(lines, script).outages[0]!;
  expect(Number(truth.end - truth.begin)).toBeGreaterThanOrEqual(100_000_000);
  expect(lostDepartures(log)).toEqual([]);
  const release = Number(truth.end - log.startWall);
  const begin = Number(truth.begin - log.startWall);
  const departed = new Map(records(log, "departed").map((r) => [log.sequence[r]!, log.wall[r]!]));
  const during = records(log, "reply").filter((r) => {
    const left = departed.get(log.sequence[r]!)!;
    return left >= begin && left < release;
  });
  expect(during.length).toBeGreaterThan(0);
  for (const r of during) expect(log.wall[r]!).toBeGreaterThanOrEqual(release);
});

test("outages follow each other as scripted", async () => {
  const script: ScriptedOutage[] = [
    { class: "two in a row", kind: "hold", begin: 0.15, length: 0.05 },
    { class: "two in a row", kind: "loss", begin: 0.23, length: 0.05 },
    { class: "replies", kind: "replies", begin: 0.35, length: 0.05 },
  ];
  const { lines } = await play("several", script);
  const { outages } = readTruth(lines, script);
  expect(outages.map((outage) => outage.class)).toEqual(["two in a row", "two in a row", "replies"]);
  expect(outages[0]!.end).toBeLessThan(outages[1]!.begin);
});

test("a wrong script is refused with its line", async () => {
  const file = join(world.directory, "wrong.txt");
  await writeFile(file, "loss 0 5\nnothing 10 5\n");
  const argv = [SANITIZED.target, "--interface", FAR, "--address", ADDRESS.ipv4, "--script", file];
  const { exitCode, stderrTail } = await (await world.machine.start(argv)).ended;
  expect(stderrTail).toContain("line 2");
  expect(exitCode).toBe(2);
});

test("an interface that does not exist is an error, named", async () => {
  const argv = [SANITIZED.target, "--interface", "none0", "--address", ADDRESS.ipv4];
  const { exitCode, stderrTail } = await (await world.machine.start(argv)).ended;
  expect(stderrTail).toContain("none0: No such device");
  expect(exitCode).toBe(1);
});

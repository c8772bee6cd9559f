/**
 * The prober against ping and fping, all three at 1 ms, side by side, on one link, through the same outages: how many of
 * the probes that each was told to send during an outage did it send?
 *
 *     node bench/prober-against-ping.ts
 *
 * Needs root or user namespaces, ping, fping and tcpdump. Exit code 1 when the prober sends fewer than 99 %.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeLink, openNamespace } from "../src/calibration/namespace.ts";
import { type ScriptedOutage, scriptText } from "../src/calibration/script.ts";
import { readTruth } from "../src/calibration/truth.ts";
import { startCapture } from "../src/probes/capture.ts";
import { nativePrograms } from "../src/probes/native.ts";
import { startProber } from "../src/probes/prober.ts";

const INTERVAL = 1e-3;
const OUTAGE = 0.3;
const OUTAGES = 8;
const BAR = 0.99;
/** Each tool sends packets of its own size (bytes of IP), so that one capture tells them apart. */
const SIZE = { prober: 52, ping: 68, fping: 76 } as const;
type Tool = keyof typeof SIZE;
const TOOLS = Object.keys(SIZE) as Tool[];

const script: ScriptedOutage[] = Array.from({ length: OUTAGES }, (_, i) => {
  // Not a multiple of the interval, so that no tool meets every outage in the same phase.
  return { class: "loss", kind: "loss", begin: 2 + i * 1.0037, length: OUTAGE };
});
const seconds = script.at(-1)!.begin + OUTAGE + 1;

/** Departures of each tool's echo requests in a capture of Ethernet and IPv4, wall clock ns. */
function departures(pcap: Buffer): Record<Tool, bigint[]> {
  const nanoseconds = pcap.readUInt32LE(0) === 0xa1b23c4d;
  const found: Record<Tool, bigint[]> = { prober: [], ping: [], fping: [] };
  for (let at = 24; at + 16 <= pcap.length; at += 16 + pcap.readUInt32LE(at + 8)) {
    const ip = at + 16 + 14;
    if (pcap.readUInt32LE(at + 8) < 14 + 28 || pcap.readUInt16BE(ip - 2) !== 0x0800) continue;
    if (pcap[ip + 9] !== 1 || pcap[ip + 20] !== 8) continue;
    const tool = TOOLS.find((name) => SIZE[name] === pcap.readUInt16BE(ip + 2));
    const fraction = BigInt(pcap.readUInt32LE(at + 4)) * (nanoseconds ? 1n : 1000n);
    if (tool) found[tool].push(BigInt(pcap.readUInt32LE(at)) * 1_000_000_000n + fraction);
  }
  return found;
}

const directory = await mkdtemp(join(tmpdir(), "migrascope-bench-"));
const namespace = await openNamespace("bench");
try {
  const { machine } = namespace;
  const { echoTarget } = await nativePrograms();
  const link = await makeLink(machine, 0, "ipv4");
  const address = link.targetAddress;
  await writeFile(join(directory, "script"), scriptText(script));
  const capture = await startCapture(machine, "p0", join(directory, "link.pcap"));
  const target = await machine.start([
    ...[echoTarget, "--interface", link.targetInterface, "--address", address, "--script", join(directory, "script")],
  ]);
  const truthLines: string[] = [];
  target.onLine((stream, line) => {
    if (stream === "stdout") truthLines.push(line);
  });
  const ping = await machine.start(["ping", "-q", "-n", "-i", "0.001", "-s", "40", address]);
  const fping = await machine.start(["fping", "-q", "-l", "-p", "1", "-b", "48", address]);
  const prober = await startProber(machine, { target: address, interval: INTERVAL, output: join(directory, "log") });
  await sleep(seconds * 1000);
  await prober.stop();
  for (const command of [ping, fping, target]) command.kill("SIGINT");
  await Promise.all([ping.ended, fping.ended, target.ended]);
  await capture.stop();

  const { outages } = readTruth(truthLines, script);
  const sent = departures(await readFile(join(directory, "link.pcap")));
  const scheduled = outages.reduce((sum, { begin, end }) => sum + Number(end - begin) / 1e9, 0) / INTERVAL;
  const shares = TOOLS.map((tool) => {
    const during = sent[tool].filter((t) => outages.some(({ begin, end }) => t >= begin && t < end)).length;
    return { tool, during, share: during / scheduled, total: sent[tool].length };
  });
  const best = shares.find(({ tool }) => tool === "prober")!;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  process.stdout.write(`${OUTAGES} outages of ${OUTAGE * 1000} ms, one probe per ${INTERVAL * 1000} ms\n`);
  process.stdout.write("tool    scheduled  sent in the outages    share  prober sends\n");
  for (const { tool, during, share } of shares) {
    const ratio = tool === "prober" ? "" : `${(best.share / share).toFixed(1)} times as many`;
    const cells = [tool.padEnd(6), scheduled.toFixed(0).padStart(10), String(during).padStart(20)];
    process.stdout.write(`${cells.join(" ")} ${percent(share).padStart(8)}  ${ratio}`.trimEnd().concat("\n"));
  }
  const met = best.share >= BAR;
  process.stdout.write(`${met ? "met" : "MISSED"}: the prober sends at least ${percent(BAR)}\n`);
  process.exitCode = met ? 0 : 1;
} finally {
  await namespace.close();
  await rm(directory, { recursive: true, force: true });
}

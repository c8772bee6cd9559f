/**
 * The same million packets read by our reader and by tshark, in pairs: how many times faster is ours, and do both see
 * the same probes? Bar: at least 50 times.
 *
 * Usage: node bench/capture-against-tshark.ts [packets] [pairs]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCapture } from "../src/run/read/capture.ts";
import { capturedEchoes, NONCE } from "./capture-world.ts";

const BAR = 50;
/** A dissector that claims echo payloads by guessing, now and then one of ours. */
const GUESSING = "hipercontracer";
const packets = Number(process.argv[2] ?? 1_000_000);
const pairs = Number(process.argv[3] ?? 3);

const directory = mkdtempSync(join(tmpdir(), "migrascope-bench-"));
try {
  const file = join(directory, "million.pcap");
  writeFileSync(file, capturedEchoes(packets));
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const ours = timed(() => byOurs(file));
    const theirs = timed(() => byTshark(file));
    if (JSON.stringify(ours.value) !== JSON.stringify(theirs.value))
      throw new Error(`the readers disagree: ${JSON.stringify(ours.value)} and ${JSON.stringify(theirs.value)}`);
    ratios.push(theirs.seconds / ours.seconds);
    console.log(
      `pair ${pair + 1}: ours ${ours.seconds.toFixed(3)} s, tshark ${theirs.seconds.toFixed(2)} s, ` +
        `${ratios.at(-1)!.toFixed(0)} times; ${JSON.stringify(ours.value)}`,
    );
  }
  const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]!;
  console.log(`median: ${median.toFixed(0)} times as fast (bar: ${BAR})`);
  process.exitCode = median >= BAR ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

interface Seen {
  readonly requests: number;
  readonly replies: number;
  /** Sum of all sequence numbers: a cheap check that both read the same ones. */
  readonly sequences: number;
}

function byOurs(file: string): Seen {
  const { echoes } = readCapture(file, NONCE);
  let replies = 0;
  let sequences = 0;
  for (let i = 0; i < echoes.length; i++) {
    replies += echoes.reply[i]!;
    sequences += echoes.sequence[i]!;
  }
  return { requests: echoes.length - replies, replies, sequences };
}

function byTshark(file: string): Seen {
  const fields = ["frame.time_epoch", "icmp.type", "data.data"].flatMap((field) => ["-e", field]);
  const output = execFileSync(
    "tshark",
    ["-r", file, "-n", "--disable-protocol", GUESSING, "-Y", "icmp", "-T", "fields", ...fields],
    {
      maxBuffer: 2 ** 30,
      stdio: ["ignore", "pipe", "ignore"],
    },
  ).toString("latin1");
  const nonce = Buffer.alloc(8);
  nonce.writeBigUInt64LE(NONCE);
  const wanted = nonce.toString("hex");
  let requests = 0;
  let replies = 0;
  let sequences = 0;
  for (const line of output.split("\n")) {
    const [, type, data] = line.split("\t");
    if (!data?.startsWith(wanted)) continue;
    if (type === "8") requests++;
    else if (type === "0") replies++;
    sequences += Buffer.from(data.slice(16, 24), "hex").readUInt32LE();
  }
  return { requests, replies, sequences };
}

function timed<T>(run: () => T): { value: T; seconds: number } {
  const start = performance.now();
  const value = run();
  return { value, seconds: (performance.now() - start) / 1000 };
}

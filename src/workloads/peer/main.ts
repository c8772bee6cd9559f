/**
 * The peer of the network workloads: a process of its own on the benchmark server, so that nothing else that goes on there
 * disturbs it. Its one argument is `PeerOptions` as JSON. It says in one line (`PeerReady`) when the guest may connect,
 * and on SIGTERM writes what is left to its file and ends.
 */
import { endianness } from "node:os";
import { systemClock } from "../../model/time.ts";
import { Journal } from "./journal.ts";
import { PeerOptions, type PeerReady } from "./options.ts";
import { Recorder } from "./recorder.ts";
import { listenTcp } from "./tcp.ts";
import { listenUdp } from "./udp.ts";

/** Milliseconds after which we look whether who started us still lives. */
const ORPHAN_CHECK = 1000;

async function main(argument: string): Promise<void> {
  if (endianness() !== "LE") throw new Error("the peer needs a little-endian machine");
  const options = PeerOptions.parse(JSON.parse(argument));
  const journal = new Journal(options.output, options.windowLength, systemClock);
  const recorders = options.lanes.map((lane) => new Recorder(lane, journal, systemClock));
  const of = (kind: "tcp" | "udp"): Recorder[] => recorders.filter(({ lane }) => lane.kind === kind);
  const tcp = of("tcp").length > 0 ? await listenTcp(options.address, of("tcp"), systemClock) : undefined;
  const udp = of("udp").length > 0 ? await listenUdp(options.address, of("udp")) : undefined;

  // On an absolute schedule: a window that ends late shortens the next.
  const length = options.windowLength / 1000;
  const start = performance.now();
  const closeWindows = (): void => {
    for (const recorder of recorders) recorder.closeWindow();
    journal.flush();
    const passed = performance.now() - start;
    setTimeout(closeWindows, (Math.round(passed / length) + 1) * length - passed);
  };
  setTimeout(closeWindows, length);

  const end = (): never => {
    tcp?.close();
    udp?.close();
    for (const recorder of recorders) recorder.finish();
    journal.close();
    process.exit(0);
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && end(), ORPHAN_CHECK);
  const ready: PeerReady = { ready: true, tcp: tcp?.port ?? null, udp: udp?.port ?? null };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

try {
  await main(process.argv[2] ?? "");
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

/** Packet captures: headers only, nanosecond timestamps, by tcpdump, which knows every capture interface of every kernel. */
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";

/** Enough for Ethernet, VLAN, IPv6, ICMP and the probe's nonce and sequence; of a client's payload next to nothing. Bytes. */
const SNAP_LENGTH = 128;
/** KiB of kernel buffer: a second of full-size frames at 1 Gb/s. */
const KERNEL_BUFFER = 16384;
/**
 * Milliseconds between the last packet that matters and the end of a capture. The kernel hands packets over in blocks, at the
 * latest a second after the first of a block, and tcpdump leaves an unfinished block unread when it is told to stop.
 */
const BLOCK_TIMEOUT = 1200;

export interface Capture {
  /** Ends the capture and flushes its file. @throws MigrascopeError COMMAND_FAILED when it had died or could not write. */
  stop(): Promise<CaptureSummary>;
}

export interface CaptureSummary {
  readonly captured: number;
  /** Packets that the kernel had no room for: each is missing from the file. */
  readonly dropped: number;
}

/**
 * Starts a capture of everything on an interface and returns when it really listens.
 * @param file on the machine's file system; its name ends in .pcap (a usual AppArmor profile allows nothing else).
 * @throws MigrascopeError COMMAND_FAILED with tcpdump's own words.
 */
export async function startCapture(machine: Machine, networkInterface: string, file: string): Promise<Capture> {
  const argv = [
    "tcpdump",
    "-i",
    networkInterface,
    "-n",
    "-s",
    String(SNAP_LENGTH),
    "-B",
    String(KERNEL_BUFFER),
    "--time-stamp-precision=nano",
    "-Z",
    "root",
    "-w",
    file,
  ];
  const command = await machine.start(argv);
  const lines: string[] = [];
  const failed = (): MigrascopeError =>
    new MigrascopeError(
      "COMMAND_FAILED",
      `tcpdump on ${networkInterface}: ${lines.join("; ") || "it ended without a word"}`,
      { where: machine.name },
    );
  let ended = false;
  void command.ended.then(() => {
    ended = true;
  });
  await new Promise<void>((resolve, reject) => {
    command.onLine((_, line) => {
      lines.push(line);
      if (line.includes("listening on")) resolve();
    });
    void command.ended.then(() => reject(failed()));
  });
  return {
    stop: async () => {
      if (!ended) await sleep(BLOCK_TIMEOUT);
      if (ended) throw failed();
      command.kill("SIGTERM");
      const { exitCode } = await command.ended;
      if (exitCode !== 0) throw failed();
      return { captured: count(lines, "captured"), dropped: count(lines, "dropped by kernel") };
    },
  };
}

function count(lines: readonly string[], what: string): number {
  const line = lines.find((text) => text.endsWith(what));
  return line === undefined ? Number.NaN : Number.parseInt(line, 10);
}

/** Giving a virtual cable the rate, the delay and the loss of a real one. */
import { MigrascopeError } from "../model/errors.ts";
import type { Link } from "../model/machines.ts";

/** A full Ethernet frame, bytes. */
const FRAME = 1514;
/** Seconds of traffic that pass at once: long enough for the kernel's timers, short beside everything that is measured. */
const BURST = 1e-3;
/** Seconds of traffic that wait before packets are dropped: a switch's buffer, not a modem's. */
const QUEUE = 10e-3;

/** Whether the link asks for what only netem can do. */
export const wantsNetem = (link: Link): boolean => link.delay > 0 || link.loss > 0;

/**
 * Lines for `tc -batch` that shape what leaves `device`. Both ends of a cable are shaped to its rate. Delay and loss act
 * once on every way, where the machine sends (`from: "machine"`): between two machines a packet is delayed by `delay`,
 * a round trip takes twice that.
 */
export function shapingCommands(device: string, link: Link, from: "machine" | "switch"): string[] {
  const bytesPerSecond = link.rate / 8;
  const burst = Math.ceil(Math.max(bytesPerSecond * BURST, 4 * FRAME));
  const limit = Math.ceil(burst + Math.max(bytesPerSecond * QUEUE, 32 * FRAME));
  const bucket = `tbf rate ${Math.round(link.rate)}bit burst ${burst} limit ${limit}`;
  if (from === "switch" || !wantsNetem(link)) return [`qdisc replace dev ${device} root handle 1: ${bucket}`];
  // Twice the packets that are on their way at full rate, and some for a burst of small ones.
  const packets = Math.ceil((2 * bytesPerSecond * link.delay) / FRAME) + 2000;
  const netem = `netem limit ${packets} delay ${Math.round(link.delay * 1e6)}us loss ${Number((link.loss * 100).toPrecision(12))}%`;
  return [
    `qdisc replace dev ${device} root handle 1: ${netem}`,
    `qdisc replace dev ${device} parent 1:1 handle 2: ${bucket}`,
  ];
}

/** The command that fails on a kernel without netem. It changes `lo` of a namespace that nothing goes through. */
export const NETEM_TRIAL: readonly string[] = "tc qdisc replace dev lo root netem delay 1ms".split(" ");

/** What to say when it has failed. */
export const netemMissing = (what: string, cause?: unknown): MigrascopeError =>
  new MigrascopeError(
    "KERNEL_LACKS",
    `${what} needs the kernel's netem (module sch_netem), and this kernel has none`,
    cause === undefined ? {} : { cause },
  );

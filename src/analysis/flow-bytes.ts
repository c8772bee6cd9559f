/** What the source sent on the migration network, by flow: memory, disk, and all else. */
import type { Flow, FlowReading } from "../model/artifacts.ts";
import type { PortBytes } from "../model/result.ts";
import type { MigrationPorts } from "../model/run.ts";
import { disagreementOf, type Expectation } from "./overhead.ts";
import type { Timeline } from "./timeline.ts";
import { Unknown } from "./unknown.ts";

export interface FlowBytes {
  /** Bytes of frames that left the source since the migrate command. */
  readonly memory: number;
  readonly disk: number;
  /** What went to or from no such port. */
  readonly control: number;
  readonly all: number;
  readonly packets: number;
  /** Packets in no flow, since the kernel had no room for them. */
  readonly dropped: number;
  /** The count ended as it should; else all of these are at least. */
  readonly whole: boolean;
}

const keyOf = ({ protocol, sourcePort, destinationPort, direction }: Flow): string =>
  `${protocol} ${sourcePort} ${destinationPort} ${direction}`;

/**
 * Readings are totals since the count began, so what had been counted before the migrate command is subtracted.
 * @throws Unknown without a reading from before the command.
 */
function sentSince(readings: readonly FlowReading[], timeline: Timeline): readonly Flow[] {
  const last = readings.at(-1);
  const before = readings.findLast(({ at }) => timeline.at(at) <= 0);
  if (!last) throw new Unknown("flows-source.jsonl is empty");
  if (!before) throw new Unknown("the flows were counted only after the migrate command");
  const earlier = new Map(before.flows.map((flow) => [keyOf(flow), flow]));
  return last.flows
    .filter(({ direction }) => direction === "out")
    .map((flow) => {
      const { bytes = 0, packets = 0 } = earlier.get(keyOf(flow)) ?? {};
      return { ...flow, bytes: flow.bytes - bytes, packets: flow.packets - packets };
    });
}

/** @throws Unknown as `sentSince`. */
export function allSent(readings: readonly FlowReading[], timeline: Timeline) {
  const flows = sentSince(readings, timeline);
  const { dropped, end } = readings.at(-1)!;
  return {
    all: flows.reduce((sum, { bytes }) => sum + bytes, 0),
    packets: flows.reduce((sum, { packets }) => sum + packets, 0),
    dropped: dropped - (readings.findLast(({ at }) => timeline.at(at) <= 0)?.dropped ?? 0),
    whole: end,
  };
}

/**
 * A flow is of the memory, or of the disk, when one of its ends is a port that the driver says carried it.
 * @throws Unknown as `sentSince`, and when one port carried both.
 */
export function flowBytes(readings: readonly FlowReading[], timeline: Timeline, ports: MigrationPorts): FlowBytes {
  const both = ports.memory.find((port) => ports.disk.includes(port));
  if (both !== undefined)
    throw new Unknown(`memory and disk went through the same port ${both}: one connection carried everything`);
  const flows = sentSince(readings, timeline);
  const through = (list: readonly number[]): number =>
    flows
      .filter(
        ({ protocol, sourcePort, destinationPort }) =>
          protocol === "tcp" && (list.includes(sourcePort) || list.includes(destinationPort)),
      )
      .reduce((sum, { bytes }) => sum + bytes, 0);
  const total = allSent(readings, timeline);
  const [memory, disk] = [through(ports.memory), through(ports.disk)];
  return { ...total, memory, disk, control: total.all - memory - disk };
}

/** TCP payload of a full segment with timestamps, its headers as a frame has them, and the check sequence of a frame. */
const PAYLOAD = 1448;
const HEADERS = 66;
const CHECK = 4;
/** Bytes per packet from which on the kernel has handed over what the network card cuts into segments only later. */
const UNCUT = 1600;
/** The two counts begin and end at other moments: share, and bytes, that they may differ by. */
const SHARE = 1e-3;
const BESIDE = 64 * 2 ** 10;

/**
 * What a counter at the other end of the cable may show for the flows: a switch may count each frame's check sequence, and
 * of segments that the card cuts the kernel has seen one header only.
 */
export function portBytesFor({
  all,
  packets,
  dropped,
  whole,
}: Pick<FlowBytes, "all" | "packets" | "dropped" | "whole">) {
  const uncut = packets > 0 && all / packets > UNCUT ? (all / PAYLOAD) * HEADERS : 0;
  const frames = Math.max(packets, uncut / HEADERS);
  const slack = all * SHARE + BESIDE;
  const high = dropped > 0 || !whole ? Number.POSITIVE_INFINITY : all + uncut + frames * CHECK + slack;
  return { low: all - slack, high } satisfies Expectation;
}

/** @returns a sentence when the switch's count at the source's port cannot be that of the flows, else undefined. */
export function flowDisagreement(
  counted: Parameters<typeof portBytesFor>[0],
  { port, bytes }: Pick<PortBytes, "port" | "bytes">,
): string | undefined {
  if (bytes.value === null) return undefined;
  return disagreementOf({ low: bytes.low ?? bytes.value, high: bytes.high ?? null }, portBytesFor(counted), {
    measured: `port ${port} (in)`,
    other: "the flows on the source's migration interface",
  });
}

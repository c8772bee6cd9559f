/**
 * Waiting until the switch's counters can be believed. Agents cache them for seconds, so that a reading taken right after
 * a migration lacks its end: only counters that have stood still for longer than any cache are the truth.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CounterReading } from "../model/artifacts.ts";
import type { Clock } from "../model/time.ts";

/** Seconds between two looks at the counters while waiting, unless told otherwise. */
const LOOK_EVERY = 0.5;
/** Bytes per second, port and direction that still count as standing still: neighbour discovery and the like never quite cease. */
export const STILL_BELOW = 2000;

export interface SettleOptions {
  /** Seconds that the counters must have stood still. */
  readonly settle: number;
  /** Seconds after which an unsettled reading is returned as such. */
  readonly limit: number;
  readonly moment: CounterReading["moment"];
  /** What the readings on the way there are recorded as. */
  readonly onTheWay: CounterReading["moment"];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Names of ports that never stand still, and are not waited for. */
  readonly restless?: readonly string[];
  readonly record: (reading: CounterReading) => void;
  /** Seconds between two looks. */
  readonly lookEvery?: number;
}

/**
 * Reads until settled; every reading is recorded, the last as `moment`.
 * @returns whether it settled. @throws whatever `read` throws.
 */
export async function readSettled(
  read: () => Promise<CounterReading["ports"]>,
  options: SettleOptions,
): Promise<boolean> {
  const started = options.clock().mono;
  const restless = options.restless ?? [];
  const awaited = (ports: CounterReading["ports"]) => ports.filter(({ name }) => !restless.includes(name));
  let reference: { at: number; ports: CounterReading["ports"] } | undefined;
  for (;;) {
    options.signal.throwIfAborted();
    const ports = await read();
    const at = options.clock();
    if (
      !reference ||
      movedMore(awaited(reference.ports), awaited(ports), (STILL_BELOW * (at.mono - reference.at)) / 1e6)
    )
      reference = { at: at.mono, ports };
    const settled = at.mono - reference.at >= options.settle * 1e6;
    const late = at.mono - started >= options.limit * 1e6;
    options.record({
      at,
      moment: settled || late ? options.moment : options.onTheWay,
      settled,
      ...(restless.length > 0 && { restless: [...restless] }),
      ports,
    });
    if (settled || late) return settled;
    await sleep((options.lookEvery ?? LOOK_EVERY) * 1000, undefined, { signal: options.signal });
  }
}

/** Whether any port's counter differs by more than `bytes` (a wrap counts as movement, which is what it is). */
function movedMore(before: CounterReading["ports"], after: CounterReading["ports"], bytes: number): boolean {
  return after.some((port, index) => {
    const earlier = before[index]!;
    return (["inOctets", "outOctets"] as const).some(
      (key) => Math.abs(Number(BigInt(port[key]) - BigInt(earlier[key]))) > bytes,
    );
  });
}

/** The course of a made-up migration: progress, rounds, phases. */
import type { PassResult, PassSeries } from "../../src/model/result.ts";
import { STOP } from "./fixture-probes.ts";

export function progressOf(blackout: number): PassSeries["progress"] {
  const total = 268_435_456;
  return Array.from({ length: Math.ceil((STOP + blackout) / 0.05) + 1 }, (_, index) => {
    const t = index * 0.05;
    const round = t < 0.72 ? 1 : t < 0.86 ? 2 : 3;
    const remaining = round === 1 ? total * (1 - t / 0.72) : round === 2 ? 9.4e6 * (1 - (t - 0.72) / 0.14) : 2.1e6;
    return {
      t,
      remaining: Math.max(0, Math.round(remaining)),
      throughput: t < 0.1 ? null : 880e6 + ((index * 37) % 11) * 9e6,
      dirtyRate: round === 1 ? null : 21e6 + ((index * 53) % 7) * 1e6,
      throttle: null,
      round,
      diskTotal: null,
      diskRemaining: null,
      diskTransferred: null,
    };
  });
}

export const rounds: PassResult["rounds"] = [
  {
    round: 1,
    start: 0.02,
    end: 0.72,
    transferred: 82e6,
    remainingAtStart: 268_435_456,
    throughput: 937e6,
    dirtyRate: null,
    throttle: null,
  },
  {
    round: 2,
    start: 0.72,
    end: 0.86,
    transferred: 9.4e6,
    remainingAtStart: 9.4e6,
    throughput: 537e6,
    dirtyRate: 13.4e6,
    throttle: null,
  },
  {
    round: 3,
    start: 0.86,
    end: null,
    transferred: null,
    remainingAtStart: 2.1e6,
    throughput: null,
    dirtyRate: 23e6,
    throttle: null,
  },
];

const PHASES: readonly (readonly [PassResult["phases"][number]["name"], number])[] = [
  ["power-on", 6.2],
  ["settle", 2],
  ["statistics-before", 0.4],
  ["start-captures", 0.3],
  ["counters-before", 5.1],
  ["start-prober", 1],
  ["migrate", 1.04],
  ["stop-prober", 2.1],
  ["stop-captures", 0.4],
  ["counters-after", 4.6],
  ["statistics-after", 0.3],
  ["migrate-back", 1.1],
  ["power-off", 0.9],
];

export function phasesOf(failedAt: string | undefined): PassResult["phases"] {
  let start = -15;
  let over = false;
  return PHASES.map(([name, seconds]) => {
    const at = start;
    const outcome = over && name !== "power-off" ? "skipped" : name === failedAt ? "failed" : "done";
    const length = outcome === "skipped" ? 0 : seconds;
    start += length;
    over ||= outcome === "failed";
    return { name, outcome, start: at, seconds: length };
  });
}

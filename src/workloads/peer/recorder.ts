/** What the peer records of one lane: windows, stalls, discontinuities. */
import type { AgentRecord } from "../../model/agent.ts";
import type { Clock, Instant } from "../../model/time.ts";
import type { Finding } from "./arrivals.ts";
import type { Journal } from "./journal.ts";
import type { PeerLane, Step } from "./options.ts";
import { Pace, type Stall } from "./pace.ts";
import { Sample } from "./sample.ts";
import { WORD } from "./words.ts";

/** Our monotonic clock, ns. */
export const now = (): number => Number(process.hrtime.bigint());

/**
 * The windows begin when the guest is first heard of. Operations are those of sending: a receiver does nothing that could
 * take long; what it notices is the pause between arrivals.
 */
export class Recorder {
  readonly lane: PeerLane;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #latencies = new Sample();
  readonly #delays = new Sample();
  #pace: Pace | undefined;
  #window = { start: { wall: 0, mono: 0 }, done: 0, operations: 0, pause: 0, stalled: 0 };
  #total = { done: 0, operations: 0 };
  /** When something was last sent or received, ns. */
  #last = 0;
  #finished = false;

  constructor(lane: PeerLane, journal: Journal, clock: Clock) {
    this.lane = lane;
    this.#journal = journal;
    this.#clock = clock;
    journal.add({
      record: "lane",
      lane: lane.lane,
      kind: lane.kind,
      unit: lane.kind === "tcp" ? "byte" : "datagram",
      unitBytes: lane.unitBytes,
      operation: lane.direction === "send" ? 0 : lane.kind === "tcp" ? 2 ** 16 : 1,
      requested: 0,
      touched: 0,
      distinct: "unknown",
    });
  }

  get begun(): boolean {
    return this.#pace !== undefined;
  }

  /**
   * The guest is there: the first window and the schedule begin. Later calls change nothing: the schedule goes on through
   * breaks. @param rate units per second that the guest asked for, 0 flat out; the plan's word counts before it.
   */
  begin(rate: number): Pace {
    if (this.#pace === undefined) {
      const steps: readonly Step[] | undefined = this.lane.steps ?? (rate > 0 ? [{ length: 1e9, rate }] : undefined);
      this.#window.start = this.#clock();
      this.#last = now();
      this.#pace = new Pace(steps, this.#last, this.lane.kind === "tcp" ? WORD : 1);
    }
    return this.#pace;
  }

  /** @param units sent or received just now. @param latency ns that sending took. */
  done(units: number, at: number, latency?: number): void {
    this.#notePause(at);
    this.#last = at;
    this.#window.done += units;
    if (latency === undefined) return;
    this.#window.operations++;
    this.#latencies.add(latency);
  }

  /** @param delay of a datagram, ns, arrival by our clock minus departure by the guest's. */
  delay(delay: number): void {
    this.#delays.add(delay);
  }

  readonly stall = ({ start, length }: Stall): void => {
    if (this.#finished) return;
    this.#window.stalled += length;
    this.#journal.add({
      record: "stall",
      lane: this.lane.lane,
      start: this.#instantOf(start),
      length: Math.round(length),
    });
  };

  /** @param since ns of our monotonic clock; undefined where nothing came before. */
  found(
    finding: Finding | { kind: "corrupt" | "broken" | "connected"; sequence: number; count: number },
    since: number | undefined,
    at: Instant = this.#clock(),
  ): void {
    if (this.#finished) return;
    this.#journal.add({
      record: "discontinuity",
      lane: this.lane.lane,
      kind: finding.kind,
      at,
      ...(since === undefined ? {} : { since: this.#instantOf(since) }),
      sequence: finding.sequence,
      count: finding.count,
    });
  }

  /** Ends the window and begins the next. */
  closeWindow(): void {
    if (this.#pace === undefined || this.#finished) return;
    const end = this.#clock();
    this.#notePause(now());
    const { start, done, operations, pause, stalled } = this.#window;
    const length = (end.mono - start.mono) * 1000;
    const asked = this.#pace.asked(end.mono * 1000);
    this.#journal.add({
      record: "window",
      lane: this.lane.lane,
      start,
      length,
      asked: asked === null ? null : Math.max(0, asked - this.#pace.asked(start.mono * 1000)!),
      done,
      operations,
      latency: summary(this.#latencies),
      pause: Math.round(pause),
      stalled: Math.round(stalled),
      ...(this.#delays.count === 0 ? {} : { oneWayDelay: spread(this.#delays) }),
      merged: 1,
    });
    this.#total.done += done;
    this.#total.operations += operations;
    this.#latencies.clear();
    this.#delays.clear();
    this.#window = { start: end, done: 0, operations: 0, pause: 0, stalled: 0 };
  }

  /** The last record of the lane: it was told to stop, or the guest said that it has ended. Later calls change nothing. */
  finish(): void {
    if (this.#finished) return;
    this.closeWindow();
    this.#finished = true;
    const { user, system } = process.cpuUsage();
    this.#journal.add({
      record: "end",
      lane: this.lane.lane,
      at: this.#clock(),
      ...(this.begun ? { how: "stopped" as const } : { how: "died" as const, reason: "the guest was never heard of" }),
      ...this.#total,
      stale: 0,
      user: user * 1000,
      system: system * 1000,
    } satisfies AgentRecord);
  }

  /** An instant on both clocks from ns of the monotonic one. */
  #instantOf(time: number): Instant {
    const { wall, mono } = this.#clock();
    const at = Math.round(time / 1000);
    return { wall: wall - (mono - at), mono: at };
  }

  /** Since the last progress nothing went on; a pause where something should have: more than the next unit was due. */
  #notePause(at: number): void {
    const asked = this.#pace?.asked(at);
    if (asked === undefined || (asked !== null && asked - this.#pace!.asked(this.#last)! < 2)) return;
    this.#window.pause = Math.max(this.#window.pause, at - this.#last);
  }
}

type Latency = NonNullable<Extract<AgentRecord, { record: "window" }>["latency"]>;
type Delay = NonNullable<Extract<AgentRecord, { record: "window" }>["oneWayDelay"]>;

function summary(latencies: Sample): Latency | null {
  if (latencies.count === 0) return null;
  const at = (share: number): number => Math.round(latencies.percentile(share));
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: Math.round(latencies.high) };
}

const spread = (delays: Sample): Delay => ({
  low: Math.round(delays.low),
  median: Math.round(delays.percentile(0.5)),
  high: Math.round(delays.high),
});

/** The sensitive instruments of a probed pass: captures, the count of flows and prober. They start last and stop first. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ARTIFACT, type FlowReading } from "../model/artifacts.ts";
import type { PassRecord } from "../model/run.ts";
import { type Capture, startCapture } from "../probes/capture.ts";
import { type FlowCount, startFlows } from "../probes/flows.ts";
import { type Prober, startProber } from "../probes/prober.ts";
import { JsonLines } from "../run/write/files.ts";
import type { PassOptions } from "./pass-options.ts";
import type { FlowPoint } from "./testbed.ts";
import { allOf } from "./together.ts";

/** Seconds of probing before the migrate command: what the network and the guest are like when nothing happens. */
const LEAD = 2;
/**
 * Probes that nobody looks at, and the seconds between them: they resolve neighbours and wake the guest's network code, whose
 * first replies would look like an outage.
 */
const WARM_UP = 100;
const WARM_UP_INTERVAL = 5e-3;
/** Seconds of undisturbed replies after the migration, and how long they are waited for. */
const TAIL = 2;
const TAIL_PATIENCE = 20;

interface StartedCapture {
  readonly name: string;
  readonly capture: Capture;
}

interface StartedCount {
  readonly name: string;
  readonly count: FlowCount;
  readonly file: JsonLines<FlowReading>;
}

export class Instruments {
  readonly probe: NonNullable<PassRecord["probe"]>;
  readonly #options: PassOptions;
  readonly #warn: (message: string) => void;
  readonly #captures: StartedCapture[] = [];
  readonly #counts: StartedCount[] = [];
  #prober: Prober | undefined;
  #answered = 0;

  constructor(options: PassOptions, warn: (message: string) => void) {
    this.#options = options;
    this.#warn = warn;
    const { interval, family } = options.trial.scenario.probe;
    const [target] = options.testbed.vm[family].split("/");
    this.probe = { interval, family, target: target! };
  }

  /** Starts all of them; one that cannot start does not keep the others from it. @throws what those threw. */
  async startCaptures(): Promise<undefined> {
    const { testbed, directory } = this.#options;
    const captures = testbed.captures.map(async (point) => {
      const capture = await startCapture(point.machine, point.interface, join(directory, point.artifact));
      this.#captures.push({ name: point.artifact, capture });
    });
    await allOf([...captures, ...testbed.flows.map((point) => this.#startCount(point))]);
  }

  async #startCount({ artifact: name, machine, interface: on }: FlowPoint): Promise<void> {
    const { directory, clock } = this.#options;
    const file = new JsonLines<FlowReading>(join(directory, name));
    try {
      const count = await startFlows({ machine, interface: on, clock, record: (reading) => file.append(reading) });
      this.#counts.push({ name, count, file });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async startProber(signal: AbortSignal): Promise<undefined> {
    const { testbed, directory, trial, kind, emit } = this.#options;
    const warmUp = { target: this.probe.target, interval: WARM_UP_INTERVAL, count: WARM_UP, output: "/dev/null" };
    await (await startProber(testbed.benchmark, warmUp)).finished();
    this.#prober = await startProber(testbed.benchmark, {
      target: this.probe.target,
      interval: this.probe.interval,
      output: join(directory, ARTIFACT.probes),
      onProgress: (progress) => {
        this.#answered = progress.answered;
        emit({ type: "probe-progress", trial: trial.id, pass: kind, sent: progress.sent, answered: progress.answered });
      },
    });
    const { realtime, locked, timestamps } = this.#prober.quality;
    if (!realtime) this.#warn("the prober was not permitted real-time priority: other processes may make it late");
    if (!locked) this.#warn("the prober was not permitted to lock its memory: page faults may make it late");
    if (timestamps === "none")
      this.#warn("the kernel gave the prober no timestamps: send and receive times are its own");
    await sleep(LEAD * 1000, undefined, { signal });
  }

  /**
   * Goes on probing until replies have come for a while, then stops.
   * After an interrupt it stops at once: what comes after is not measured, and the user wants to leave.
   */
  async stopProber(): Promise<string | undefined> {
    if (!this.#prober) return "no prober ran";
    const wanted = Math.max(1, (TAIL / this.probe.interval) * 0.9);
    const from = this.#answered;
    const began = this.#options.clock().mono;
    const waited = (): number => (this.#options.clock().mono - began) / 1e6;
    while (!this.#options.interrupt.aborted && this.#answered - from < wanted && waited() < TAIL_PATIENCE)
      await sleep(100);
    const answering = this.#answered - from >= wanted;
    await this.#prober.stop();
    if (answering || this.#options.interrupt.aborted) return undefined;
    this.#warn(`the VM had not come back to answering every probe ${TAIL_PATIENCE} s after the migration`);
    return `replies had not come back within ${TAIL_PATIENCE} s`;
  }

  /** @throws what failed, after all of them have been stopped. */
  async stopCaptures(): Promise<string | undefined> {
    const stop = async ({ name, capture }: StartedCapture): Promise<void> => {
      const { dropped } = await capture.stop();
      if (dropped > 0) this.#warn(`${name}: the kernel dropped ${dropped} packets that the capture should have held`);
    };
    const stopCount = async ({ name, count, file }: StartedCount): Promise<void> => {
      try {
        const dropped = await count.stop();
        if (dropped > 0) this.#warn(`${name}: the kernel dropped ${dropped} packets, which are in no flow`);
      } finally {
        file.close();
      }
    };
    await allOf([...this.#captures.map(stop), ...this.#counts.map(stopCount)]);
    return this.#captures.length === 0 ? "no capture ran" : undefined;
  }
}

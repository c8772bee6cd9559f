/** The bytes of a pass: the switch's counters and the hosts' interfaces, before, during and after the migration. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ARTIFACT, type CounterReading, type InterfaceReading } from "../model/artifacts.ts";
import type { Clock } from "../model/time.ts";
import { readInterface } from "../probes/interfaces.ts";
import { readSettled } from "../probes/settled.ts";
import { SwitchCounters } from "../probes/snmp.ts";
import { JsonLines } from "../run/write/files.ts";
import type { LiveTestbed } from "./testbed.ts";
import { allOf } from "./together.ts";

/** How much longer than the settle time the counters may take until their reading counts as unsettled. */
const PATIENCE = 10;
/** Seconds over which the background rate is taken where there is no switch whose counters have to settle. */
const BACKGROUND = 4;

/** The managed switch of a testbed that has one, and its readings. */
interface CountingSwitch {
  readonly spec: NonNullable<LiveTestbed["switch"]>;
  readonly readings: JsonLines<CounterReading>;
  readonly session: SwitchCounters;
  /** Ports that never stand still. */
  readonly restless: readonly string[];
}

export class Counting {
  readonly #testbed: LiveTestbed;
  readonly #clock: Clock;
  readonly #interfaces: JsonLines<InterfaceReading>;
  readonly #switch: CountingSwitch | undefined;

  /** @param trafficOn networks that the guest itself keeps busy: their ports never stand still. */
  constructor(testbed: LiveTestbed, directory: string, clock: Clock, trafficOn: readonly string[] = []) {
    this.#testbed = testbed;
    this.#clock = clock;
    this.#interfaces = new JsonLines(join(directory, ARTIFACT.interfaces));
    this.#switch = testbed.switch && openSwitch(testbed.switch, directory, trafficOn);
  }

  /** Seconds that `read` waits for the counters to settle, at most. */
  get patience(): number {
    return this.#switch ? this.#switch.spec.settle * PATIENCE : BACKGROUND;
  }

  /**
   * Waits until the switch's counters have settled and reads them, then the hosts' interfaces.
   * The interfaces are first read at the start of the wait too: their background rate comes from there.
   * @returns what is worth noting. @throws MigrascopeError SNMP_SILENT, COMMAND_FAILED; what could be read is kept.
   */
  async read(moment: "before" | "after", signal: AbortSignal): Promise<string | undefined> {
    const interfaces: Promise<unknown>[] = [this.#readInterfaces(moment === "before" ? "background" : "after")];
    const [firstReading] = await Promise.allSettled(interfaces);
    const settling = this.#switch
      ? this.#settle(this.#switch, moment, signal)
      : this.#withoutSwitch(moment === "before", signal);
    await Promise.allSettled([settling]);
    if (moment === "before" && firstReading?.status === "fulfilled") interfaces.push(this.#readInterfaces("before"));
    await allOf<unknown>([settling, ...interfaces]);
    return await settling;
  }

  /** Reads the switch now and then until `signal` aborts, so that a wrap of narrow counters is seen. Never throws. */
  async sample(signal: AbortSignal): Promise<void> {
    if (!this.#switch) return;
    const { session, readings, spec } = this.#switch;
    while (!signal.aborted) {
      // A switch that falls silent is told by the reading after the migration; a missed sample alone is nothing.
      const ports = await session.read().catch(() => undefined);
      if (ports) readings.append({ at: this.#clock(), moment: "during", settled: false, ports });
      await sleep(spec.sampleEvery * 1000, undefined, { signal }).catch(() => {});
    }
  }

  /** @throws MigrascopeError FILE_UNWRITABLE when readings could not be kept. */
  close(): void {
    this.#switch?.session.close();
    try {
      this.#switch?.readings.close();
    } finally {
      this.#interfaces.close();
    }
  }

  async #settle(
    { session, readings, restless, spec }: CountingSwitch,
    moment: "before" | "after",
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const settled = await readSettled(() => session.read(), {
      settle: spec.settle,
      limit: this.patience,
      moment,
      onTheWay: moment === "before" ? "background" : "during",
      restless,
      clock: this.#clock,
      signal,
      record: (reading) => readings.append(reading),
    });
    return settled ? undefined : `the counters did not settle within ${this.patience} s`;
  }

  async #withoutSwitch(background: boolean, signal: AbortSignal): Promise<string> {
    if (background && this.#testbed.interfaces.length > 0) await sleep(BACKGROUND * 1000, undefined, { signal });
    return "the testbed has no managed switch: bytes come from the hosts' interfaces alone";
  }

  async #readInterfaces(moment: InterfaceReading["moment"]): Promise<void> {
    const readings = await Promise.all(
      this.#testbed.interfaces.map((counted) => readInterface(counted, moment, this.#clock)),
    );
    for (const reading of readings) this.#interfaces.append(reading);
  }
}

function openSwitch(spec: CountingSwitch["spec"], directory: string, trafficOn: readonly string[]): CountingSwitch {
  const restless = Object.entries(spec.ports)
    .filter(([role]) => trafficOn.some((network) => role.startsWith(`${network}.`)))
    .map(([, port]) => port);
  const readings = new JsonLines<CounterReading>(join(directory, ARTIFACT.counters));
  // Last: its socket would keep the process alive if a file could not be made.
  return { spec, readings, restless, session: new SwitchCounters(spec, Object.values(spec.ports)) };
}

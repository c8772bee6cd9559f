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

export class Counting {
  readonly #testbed: LiveTestbed;
  readonly #clock: Clock;
  readonly #switch: SwitchCounters;
  readonly #counters: JsonLines<CounterReading>;
  readonly #interfaces: JsonLines<InterfaceReading>;

  readonly #restless: readonly string[];

  /** @param trafficOn a network that the guest itself keeps busy: its ports never stand still. */
  constructor(testbed: LiveTestbed, directory: string, clock: Clock, trafficOn?: "service") {
    this.#testbed = testbed;
    this.#clock = clock;
    this.#restless = Object.entries(testbed.switch.ports)
      .filter(([role]) => trafficOn !== undefined && role.startsWith(`${trafficOn}.`))
      .map(([, port]) => port);
    this.#counters = new JsonLines(join(directory, ARTIFACT.counters));
    this.#interfaces = new JsonLines(join(directory, ARTIFACT.interfaces));
    // Last: its socket would keep the process alive if a file could not be made.
    this.#switch = new SwitchCounters(testbed.switch, Object.values(testbed.switch.ports));
  }

  /** Seconds that `read` waits for the counters to settle, at most. */
  get patience(): number {
    return this.#testbed.switch.settle * PATIENCE;
  }

  /**
   * Waits until the switch's counters have settled and reads them, then the hosts' interfaces.
   * The interfaces are first read at the start of the wait too: their background rate comes from there.
   * @returns what is worth noting. @throws MigrascopeError SNMP_SILENT, COMMAND_FAILED; what could be read is kept.
   */
  async read(moment: "before" | "after", signal: AbortSignal): Promise<string | undefined> {
    const interfaces: Promise<unknown>[] = [this.#readInterfaces(moment === "before" ? "background" : "after")];
    const [firstReading] = await Promise.allSettled(interfaces);
    const settling = readSettled(() => this.#switch.read(), {
      settle: this.#testbed.switch.settle,
      limit: this.patience,
      moment,
      onTheWay: moment === "before" ? "background" : "during",
      restless: this.#restless,
      clock: this.#clock,
      signal,
      record: (reading) => this.#counters.append(reading),
    });
    await Promise.allSettled([settling]);
    if (moment === "before" && firstReading?.status === "fulfilled") interfaces.push(this.#readInterfaces("before"));
    await allOf<unknown>([settling, ...interfaces]);
    return (await settling) ? undefined : `the counters did not settle within ${this.patience} s`;
  }

  /** Reads the switch now and then until `signal` aborts, so that a wrap of narrow counters is seen. Never throws. */
  async sample(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A switch that falls silent is told by the reading after the migration; a missed sample alone is nothing.
      const ports = await this.#switch.read().catch(() => undefined);
      if (ports) this.#counters.append({ at: this.#clock(), moment: "during", settled: false, ports });
      await sleep(this.#testbed.switch.sampleEvery * 1000, undefined, { signal }).catch(() => {});
    }
  }

  /** @throws MigrascopeError FILE_UNWRITABLE when readings could not be kept. */
  close(): void {
    this.#switch.close();
    try {
      this.#counters.close();
    } finally {
      this.#interfaces.close();
    }
  }

  async #readInterfaces(moment: InterfaceReading["moment"]): Promise<void> {
    const readings = await Promise.all(
      this.#testbed.interfaces.map((counted) => readInterface(counted, moment, this.#clock)),
    );
    for (const reading of readings) this.#interfaces.append(reading);
  }
}

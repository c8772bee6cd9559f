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

/** How much longer than the settle time the counters may take until their reading counts as unsettled. */
const PATIENCE = 10;

export class Counting {
  readonly #testbed: LiveTestbed;
  readonly #clock: Clock;
  readonly #switch: SwitchCounters;
  readonly #counters: JsonLines<CounterReading>;
  readonly #interfaces: JsonLines<InterfaceReading>;

  constructor(testbed: LiveTestbed, directory: string, clock: Clock) {
    this.#testbed = testbed;
    this.#clock = clock;
    this.#switch = new SwitchCounters(testbed.switch, Object.values(testbed.switch.ports));
    this.#counters = new JsonLines(join(directory, ARTIFACT.counters));
    this.#interfaces = new JsonLines(join(directory, ARTIFACT.interfaces));
  }

  /**
   * Waits until the switch's counters have settled and reads them, then the hosts' interfaces.
   * The interfaces are first read at the start of the wait too: their background rate comes from there.
   * @returns what is worth noting. @throws MigrascopeError SNMP_SILENT, COMMAND_FAILED.
   */
  async read(moment: "before" | "after", signal: AbortSignal): Promise<string | undefined> {
    if (moment === "before") await this.#readInterfaces("background");
    else await this.#readInterfaces("after");
    const { settle } = this.#testbed.switch;
    let settled: boolean;
    try {
      settled = await readSettled(() => this.#switch.read(), {
        settle,
        limit: settle * PATIENCE,
        moment,
        onTheWay: moment === "before" ? "background" : "during",
        clock: this.#clock,
        signal,
        record: (reading) => this.#counters.append(reading),
      });
    } finally {
      if (moment === "before") await this.#readInterfaces("before");
    }
    return settled ? undefined : `the counters did not settle within ${settle * PATIENCE} s`;
  }

  /** Reads the switch now and then until `signal` aborts, so that a wrap of narrow counters is seen. Never throws. */
  async sample(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const ports = await this.#switch.read();
        this.#counters.append({ at: this.#clock(), moment: "during", settled: false, ports });
        await sleep(this.#testbed.switch.sampleEvery * 1000, undefined, { signal });
      } catch {
        // A switch that falls silent is told by the reading after the migration; a missed sample alone is nothing.
        if (!signal.aborted) await sleep(this.#testbed.switch.sampleEvery * 1000).catch(() => {});
      }
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

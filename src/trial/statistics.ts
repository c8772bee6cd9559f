/** Memory and disk in numbers, before, during and after the migration: as hypervisor, hosts, guest and workloads know them. */
import { setTimeout as sleep } from "node:timers/promises";
import { guestStatistics } from "../guest/statistics.ts";
import type { Moment, StatisticsReading } from "../model/artifacts.ts";
import type { StatisticsSample } from "../model/host.ts";
import type { HostRole } from "../model/machines.ts";
import { persistently } from "../remote/persistent.ts";
import type { JsonLines } from "../run/write/files.ts";
import type { GuestWork } from "./guest-work.ts";
import type { PassOptions } from "./pass-options.ts";
import { allOf } from "./together.ts";

/** Seconds from the migrate command to the hypervisor's first statistics during it, and between them. */
const AFTER = 0.3;
const EVERY = 5;
const HOSTS: readonly HostRole[] = ["source", "destination"];

export class Statistics {
  readonly #options: PassOptions;
  readonly #work: GuestWork;
  readonly #file: JsonLines<StatisticsReading>;

  constructor(options: PassOptions, work: GuestWork, file: JsonLines<StatisticsReading>) {
    this.#options = options;
    this.#work = work;
    this.#file = file;
  }

  /** Asks everybody. What one does not answer does not cost the others' answers. @throws what was thrown, then. */
  async read(moment: Moment): Promise<undefined> {
    const { testbed, clock } = this.#options;
    const { driver, guest } = testbed;
    const host = (await driver.locate()) ?? "source";
    const { images } = driver.capabilities;
    await allOf<void>([
      this.#keep(moment, host, driver.statistics()),
      this.#keep(
        moment,
        host,
        persistently(() => guestStatistics(guest, clock)),
      ),
      this.#keep(moment, host, this.#work.sample()),
      ...HOSTS.flatMap((role) => (images ? [this.#keep(moment, role, images.statistics(role))] : [])),
    ]);
  }

  /** The hypervisor's view while it migrates. The guest is not asked then: its answers would be traffic. Never throws. */
  async sample(signal: AbortSignal): Promise<void> {
    const wait = (seconds: number): Promise<unknown> => sleep(seconds * 1000, undefined, { signal }).catch(() => {});
    for (await wait(AFTER); !signal.aborted; await wait(EVERY)) {
      const sample = await this.#options.testbed.driver.statistics().catch(() => undefined);
      // An answer from after the end tells of another moment.
      if (sample && !signal.aborted) this.during([sample]);
    }
  }

  /** Keeps what was measured while the VM was still on the source. */
  during(samples: readonly StatisticsSample[]): void {
    for (const sample of samples) this.#file.append({ moment: "during", host: "source", ...sample });
  }

  async #keep(moment: Moment, host: HostRole, asking: Promise<StatisticsSample | null | undefined>): Promise<void> {
    const sample = await asking;
    if (sample) this.#file.append({ moment, host, ...sample });
  }
}

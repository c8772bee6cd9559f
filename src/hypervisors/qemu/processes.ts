/** Every QEMU of one driver: starting them, and what must be ended before it can be said that nothing is left. */
import type { HostRole } from "../../model/machines.ts";
import type { Clock } from "../../model/time.ts";
import { commandLine, type Definition } from "./definition.ts";
import { type HostSetup, Instance } from "./instance.ts";
import { run } from "./power.ts";

/** A VM that was powered on: what it is made of, and where its logs go. */
export interface PoweredOn {
  readonly definition: Definition;
  readonly logDirectory: string;
}

export class Processes {
  readonly #hosts: Readonly<Record<HostRole, HostSetup>>;
  readonly #clock: Clock;
  /** Every QEMU that may be alive, and all that is being started. */
  readonly #instances = new Set<Instance>();
  readonly #starting = new Set<Promise<unknown>>();

  constructor(hosts: Readonly<Record<HostRole, HostSetup>>, clock: Clock) {
    this.#hosts = hosts;
    this.#clock = clock;
  }

  get all(): readonly Instance[] {
    return [...this.#instances];
  }

  /** A QEMU that has not been connected to yet. @param incoming it waits for a migration. @throws MigrascopeError COMMAND_FAILED. */
  async start(role: HostRole, { definition, logDirectory }: PoweredOn, incoming: boolean): Promise<Instance> {
    const host = this.#hosts[role];
    const argv = commandLine(definition, role, host, logDirectory, incoming);
    const name = definition.vm.name;
    const instance = await this.await(Instance.start({ role, host, argv, name, logDirectory, clock: this.#clock }));
    this.#instances.add(instance);
    return instance;
  }

  /** The VM, from its beginning. @param signal interrupts it. @throws MigrascopeError with QEMU's words when it does not run. */
  async boot(role: HostRole, vm: PoweredOn, signal?: AbortSignal): Promise<Instance> {
    const instance = await this.start(role, vm, false);
    try {
      await instance.connect(signal);
      await run(instance, signal);
      return instance;
    } catch (error) {
      await this.end(instance);
      throw error;
    }
  }

  /** `endAll` waits for what is awaited here: it may leave a process. */
  async await<T>(starting: Promise<T>): Promise<T> {
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  async end(...instances: readonly Instance[]): Promise<void> {
    await Promise.all(
      instances.map(async (instance) => {
        await instance.stop();
        this.#instances.delete(instance);
      }),
    );
  }

  async endAll(): Promise<void> {
    while (this.#starting.size > 0) await Promise.allSettled(this.#starting);
    await this.end(...this.#instances);
  }
}

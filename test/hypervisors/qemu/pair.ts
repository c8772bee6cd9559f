/** Two QEMUs' hosts on this machine, and what tests ask about them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import type { MigrationObserver, MigrationOutcome } from "../../../src/hypervisors/contract.ts";
import { QemuDriver, type QemuDriverOptions } from "../../../src/hypervisors/qemu/driver.ts";
import type { HostSetup } from "../../../src/hypervisors/qemu/instance.ts";
import { type HostRole, VmSpec } from "../../../src/model/machines.ts";
import type { MigrationEvent, MigrationProgress } from "../../../src/model/migration.ts";
import { ColdOptions, type DeadlineAction, DiskOptions } from "../../../src/model/movement.ts";
import { MigrationSettings } from "../../../src/model/settings.ts";
import { localMachine } from "../../../src/remote/local.ts";
import { writeGuest } from "./guest.ts";

export const MIB = 2 ** 20;

export interface Watched extends MigrationObserver {
  readonly events: MigrationEvent[];
  readonly samples: MigrationProgress[];
}

/** Keeps what it is told; `onProgress` is called for each sample. */
export function watched(onProgress: (sample: MigrationProgress) => void = () => {}): Watched {
  const events: MigrationEvent[] = [];
  const samples: MigrationProgress[] = [];
  return {
    events,
    samples,
    event: (event) => void events.push(event),
    progress: (sample) => {
      samples.push(sample);
      onProgress(sample);
    },
  };
}

export class Pair {
  readonly directory = mkdtempSync(join(tmpdir(), "msq-"));
  readonly driver: QemuDriver;
  readonly #vm: VmSpec;

  constructor(
    options: Partial<QemuDriverOptions> & {
      source?: Partial<HostSetup>;
      destination?: Partial<HostSetup>;
      dirtied?: number;
      powerButton?: boolean;
      vm?: object;
    } = {},
  ) {
    const { source, destination, dirtied, powerButton, vm, ...rest } = options;
    const host = (role: HostRole): HostSetup => ({
      machine: localMachine(role),
      migrationAddress: { ipv4: "127.0.0.1" },
      runDirectory: this.directory,
    });
    this.driver = new QemuDriver({
      hosts: { source: { ...host("source"), ...source }, destination: { ...host("destination"), ...destination } },
      diskPath: join(this.directory, "disk.raw"),
      accelerator: "tcg",
      ...rest,
    });
    this.#vm = VmSpec.parse({ memory: "96MiB", disk: "64MiB", ...vm });
    writeGuest(join(this.directory, "disk.raw"), dirtied ?? 16 * MIB, powerButton);
  }

  /** Starts the VM and waits until its guest dirties memory. */
  async powerOn(host: HostRole = "source", settings?: object): Promise<void> {
    const signal = new AbortController().signal;
    await this.driver.powerOn({
      host,
      vm: this.#vm,
      ...(settings !== undefined && { settings: MigrationSettings.parse(settings) }),
      disk: DiskOptions.parse({}),
      kind: "memory",
      logDirectory: this.directory,
      signal,
    });
    await this.livesOn(host);
  }

  migrate(
    from: HostRole,
    settings: unknown,
    options: {
      deadline?: number;
      atDeadline?: DeadlineAction;
      grace?: number;
      signal?: AbortSignal;
      observer?: MigrationObserver;
    } = {},
  ): Promise<MigrationOutcome> {
    return this.driver.migrate({
      from,
      kind: "memory",
      cold: ColdOptions.parse({}),
      disk: DiskOptions.parse({}),
      settings: MigrationSettings.parse(settings),
      deadline: options.deadline ?? 30,
      atDeadline: options.atDeadline ?? "cancel",
      grace: options.grace ?? 30,
      signal: options.signal ?? new AbortController().signal,
      observer: options.observer ?? watched(),
    });
  }

  /** Waits until the guest writes to its console on this host: it executes there, whatever anybody says. */
  async livesOn(host: HostRole): Promise<void> {
    const before = this.#consoleSize(host);
    for (let attempt = 0; attempt < 300; attempt++) {
      if (this.#consoleSize(host) > before) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the guest has written nothing on the ${host} for 15 s`);
  }

  #consoleSize(host: HostRole): number {
    try {
      return readFileSync(join(this.directory, `console-${host}.log`)).length;
    } catch {
      return 0;
    }
  }

  file(name: string): string {
    return readFileSync(join(this.directory, name), "utf8");
  }

  processes(...containing: string[]): number[] {
    return processesWith(this.directory, ...containing);
  }

  async end(): Promise<void> {
    await this.driver.powerOff();
    for (const pid of this.processes()) process.kill(pid, "SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Process ids of all QEMUs whose command line contains every text. */
export function processesWith(...containing: string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        // A killed QEMU whose parent has not noticed yet has an empty command line.
        return line.startsWith("qemu-system") && containing.every((text) => line.includes(text));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Bits per second, so low that a 96 MiB VM with a busy guest cannot get across. */
export const SLOW = "8MiB/s";

/**
 * For one test file: makes pairs with a VM that runs, ends them after each test, and fails a test that left a QEMU behind.
 */
export function pairsForTests() {
  const pairs: Pair[] = [];
  afterEach(async () => {
    for (const pair of pairs.splice(0)) {
      await pair.driver.powerOff();
      const left = pair.processes();
      await pair.end();
      expect(left, "a QEMU was left behind").toEqual([]);
    }
  });
  const poweredOff = (...options: ConstructorParameters<typeof Pair>): Pair => {
    const pair = new Pair(...options);
    pairs.push(pair);
    return pair;
  };
  const poweredOn = async (...options: ConstructorParameters<typeof Pair>): Promise<Pair> => {
    const pair = poweredOff(...options);
    await pair.powerOn();
    return pair;
  };
  return { poweredOn, poweredOff };
}

/** What happened and where, without changes of state and rounds. */
export const kinds = (events: readonly MigrationEvent[]): string[] =>
  events.map((event) => `${event.kind} ${event.host}`).filter((kind) => !/^(status|round) /u.test(kind));
export const eventOf = (events: readonly MigrationEvent[], kind: string): MigrationEvent =>
  events.find((event) => event.kind === kind)!;

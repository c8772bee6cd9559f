/** Plain QEMU over QMP: one VM on one pair of hosts. */
import type { DirtyRateReading } from "../../model/artifacts.ts";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostDescription, StatisticsSample } from "../../model/host.ts";
import { type HostRole, other, type VmSpec } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import { type Clock, systemClock } from "../../model/time.ts";
import type {
  Capabilities,
  HypervisorDriver,
  MigrationOutcome,
  MigrationRequest,
  PowerOnRequest,
} from "../contract.ts";
import { type Abilities, askAbilities } from "./abilities.ts";
import { DEADLINE_ACTIONS } from "./deadline.ts";
import { CPU_MODEL, commonMachine, type Definition } from "./definition.ts";
import { describeHost } from "./describe.ts";
import { measureDirtyRate } from "./dirty-rate.ts";
import { hugePageSize } from "./huge-pages.ts";
import type { HostSetup, Instance } from "./instance.ts";
import { migrate } from "./migrate.ts";
import type { Ended, Migration } from "./migration.ts";
import { makeDisk } from "./power.ts";
import { makeReady, portOf, readSettings } from "./prepare.ts";
import { preparedFor } from "./prepared.ts";
import { type PoweredOn, Processes } from "./processes.ts";
import { refuseImpossible } from "./refusals.ts";
import { effective, refuseUnsupported } from "./settings.ts";
import { statistics } from "./statistics.ts";
import { switchToPostCopy } from "./switches.ts";
import { trackingWarnings } from "./versions.ts";
import { MigrationWatch } from "./watch.ts";

export interface QemuDriverOptions {
  readonly hosts: Readonly<Record<HostRole, HostSetup>>;
  /** Without a kernel the VM boots from its disk, which is then kept from one `powerOn` to the next. */
  readonly kernel?: string;
  readonly initrd?: string;
  /** The kernel's command line. What it throws is what `powerOn` throws, before anything was started or written. */
  readonly commandLine?: (vm: VmSpec) => string;
  /** The VM's disk, a raw file that both hosts reach under this path. */
  readonly diskPath: string;
  readonly accelerator: "kvm" | "tcg";
  /** Default `qemu-system-x86_64`. */
  readonly binary?: string;
  /** What the VM sees. Default: see `CPU_MODEL`. */
  readonly cpu?: string;
  readonly clock?: Clock;
}

export class QemuDriver implements HypervisorDriver {
  readonly name = "qemu";
  readonly migrations = ["memory"] as const;
  readonly deadlineActions = DEADLINE_ACTIONS;
  readonly capabilities: Capabilities = {
    eventTimestamps: true,
    postCopy: { switchNow: () => this.#switchNow() },
    dirtyRate: { measure: (seconds, signal) => this.#measureDirtyRate(seconds, signal) },
  };

  readonly #options: QemuDriverOptions;
  readonly #clock: Clock;
  readonly #binary: string;
  readonly #abilities = new Map<HostRole, Promise<Abilities>>();
  readonly #processes: Processes;
  #vm: PoweredOn | undefined;
  /** Where the VM is, as far as we know. */
  #current: Instance | undefined;
  #migration: Pick<Migration, "source" | "watch"> | undefined;

  constructor(options: QemuDriverOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#binary = options.binary ?? "qemu-system-x86_64";
    this.#processes = new Processes(options.hosts, this.#clock);
  }

  async describe(host: HostRole): Promise<HostDescription> {
    const definition = { machine: await this.#machine(), cpu: this.#options.cpu ?? CPU_MODEL };
    return describeHost(host, this.#options.hosts[host].machine, await this.#abilitiesOf(host), definition);
  }

  async powerOn({ host, vm, settings, logDirectory, signal }: PowerOnRequest): Promise<void> {
    if (this.#current) throw new MigrascopeError("HYPERVISOR_REFUSED", "the VM is on already", { where: host });
    const { kernel, initrd, diskPath, accelerator, cpu } = this.#options;
    // First of all: it throws for a VM that could not be.
    const kernelCommandLine = this.#options.commandLine?.(vm) ?? "";
    const machine = await this.#machine(signal);
    if (settings) await this.#refuse(settings);
    const pageSize = vm.hugePages ? await hugePageSize(this.#options.hosts[host].machine, host, vm.memory) : undefined;
    await makeDisk(diskPath, vm.disk, kernel !== undefined);
    const definition: Definition = {
      vm,
      binary: this.#binary,
      accelerator,
      machine,
      cpu: cpu ?? CPU_MODEL,
      diskPath,
      dirtyRing: settings?.dirtyLimit !== undefined,
      ...(pageSize !== undefined && { hugePageSize: pageSize }),
      ...(kernel !== undefined && {
        kernel: { path: kernel, commandLine: kernelCommandLine, ...(initrd !== undefined && { initrd }) },
      }),
    };
    // Asking and writing took a while: nothing is to start after somebody has given up and powered off.
    if (signal.aborted) throw new MigrascopeError("CANCELLED", "powering on was interrupted", { where: host });
    this.#vm = { definition, logDirectory };
    this.#current = await this.#processes.boot(host, this.#vm, signal);
  }

  async powerOff(): Promise<void> {
    await this.#processes.endAll();
    this.#current = undefined;
    this.#vm = undefined;
  }

  async statistics(): Promise<StatisticsSample> {
    const instance = this.#running("statistics");
    return statistics(instance, this.#options.hosts[instance.role].machine, this.#clock);
  }

  async locate(): Promise<HostRole | null> {
    for (const instance of this.#processes.all) {
      if (await instance.isRunning()) return instance.role;
    }
    return null;
  }

  async effectiveSettings(host: HostRole): Promise<readonly EffectiveSetting[]> {
    const instance = this.#processes.all.find((each) => each.role === host && !each.hasEnded);
    // Without a VM on it a host's settings are the defaults that the next one will start with.
    const now = instance ? await readSettings(instance) : (await this.#abilitiesOf(host)).defaults;
    return effective(host, now);
  }

  async migrate(request: MigrationRequest): Promise<MigrationOutcome> {
    const source = this.#running("a migration");
    const to = other(request.from);
    if (source.role !== request.from || !this.#vm) {
      throw new MigrascopeError("HYPERVISOR_REFUSED", `the VM is not on the ${request.from}`, { where: request.from });
    }
    const vm = this.#vm;
    const prepared = preparedFor(request);
    await this.#refuse(request.settings);
    await this.#refuse(prepared.settings);
    const { hugePageSize: pageSize } = vm.definition;
    const { hosts, accelerator } = this.#options;
    if (pageSize !== undefined) await hugePageSize(hosts[to].machine, to, vm.definition.vm.memory, pageSize);
    let destination: Instance | undefined;
    let ready: Awaited<ReturnType<typeof makeReady>>;
    try {
      request.signal.throwIfAborted();
      destination = await this.#processes.start(to, vm, true);
      await destination.connect(request.signal);
      const defaults = {
        source: (await this.#abilitiesOf(request.from)).defaults,
        destination: (await this.#abilitiesOf(to)).defaults,
      };
      ready = await makeReady({ source, destination, hosts, defaults, prepared, vm: vm.definition.vm });
    } catch (error) {
      if (destination) await this.#processes.end(destination);
      if (error instanceof MigrascopeError && error.code === "SETTING_UNSUPPORTED") throw error;
      return { ...(await this.#notBegun(source, error, request.signal)), settings: [] };
    }
    const watch = new MigrationWatch({ source, destination, observer: request.observer, clock: this.#clock });
    this.#migration = { source, watch };
    try {
      const { version, defaults } = await this.#abilitiesOf(request.from);
      const ports = [portOf(ready.uri)];
      const ended = await migrate({
        source,
        destination,
        watch,
        request,
        uri: ready.uri,
        ports,
        host: hosts[to],
        defaults,
        boot: (role) => this.#processes.boot(role, vm),
      });
      await this.#settle(source, destination, ended);
      const { instance: _ours, ...outcome } = ended;
      const settings = [...ready.settings, ...(ended.settings ?? [])];
      const warnings = [...trackingWarnings(accelerator, version), ...(ended.warnings ?? [])];
      return { ...outcome, settings, warnings, ports: { memory: ports, disk: [] } };
    } finally {
      watch.end();
      this.#migration = undefined;
    }
  }

  /** @throws MigrascopeError SETTING_UNSUPPORTED for what either host cannot do. */
  async #refuse(settings: MigrationSettings): Promise<void> {
    for (const role of ["source", "destination"] as const)
      refuseUnsupported(settings, role, await this.#abilitiesOf(role));
    refuseImpossible(settings, this.#options);
  }

  /** The destination refused, or we were interrupted, before the migrate command. */
  async #notBegun(source: Instance, error: unknown, signal: AbortSignal): Promise<Ended> {
    const runs = await source.isRunning().catch(() => false);
    const reason = error instanceof Error ? error.message : String(error);
    return { status: signal.aborted ? "cancelled" : "failed", reason, report: {}, runsOn: runs ? source.role : null };
  }

  /** Keeps the QEMU that has the VM and ends the other. A post-copy migration that goes on needs both. */
  async #settle(source: Instance, destination: Instance, ended: Ended): Promise<void> {
    const unfinished =
      ended.status !== "completed" && ended.runsOn === destination.role && !this.#migration?.watch.isOver;
    const keep = ended.instance ?? [source, destination].find(({ role }) => role === ended.runsOn);
    this.#current = keep;
    if (unfinished) return;
    await this.#processes.end(...[source, destination].filter((each) => each !== keep));
  }

  async #switchNow(): Promise<void> {
    if (!this.#migration)
      throw new MigrascopeError("HYPERVISOR_REFUSED", "no migration runs that could switch to post-copy");
    await switchToPostCopy(this.#migration);
  }

  async #measureDirtyRate(seconds: number, signal: AbortSignal): Promise<DirtyRateReading> {
    const instance = this.#running("a dirty rate");
    if (this.#migration) {
      throw new MigrascopeError("HYPERVISOR_REFUSED", "the dirty rate is measured only while nothing migrates", {
        where: instance.role,
      });
    }
    const { version, accelerator } = await this.#abilitiesOf(instance.role, signal);
    return measureDirtyRate({ instance, accelerator, version, seconds, clock: this.#clock, signal });
  }

  #running(what: string): Instance {
    if (this.#current) return this.#current;
    throw new MigrascopeError("HYPERVISOR_REFUSED", `no VM is on: ${what} needs one`);
  }

  async #machine(signal?: AbortSignal): Promise<string> {
    return commonMachine(await this.#abilitiesOf("source", signal), await this.#abilitiesOf("destination", signal));
  }

  /** Asked once per host; a failure is not remembered. */
  #abilitiesOf(role: HostRole, signal?: AbortSignal): Promise<Abilities> {
    const known = this.#abilities.get(role);
    if (known) return known;
    const { hosts, accelerator } = this.#options;
    const asking = askAbilities({
      role,
      host: hosts[role],
      binary: this.#binary,
      accelerator,
      ...(signal && { signal }),
    });
    this.#abilities.set(role, asking);
    this.#processes.await(asking).catch(() => this.#abilities.delete(role));
    return asking;
  }
}

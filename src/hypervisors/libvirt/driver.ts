/** KVM and QEMU under libvirt: one VM on one pair of hosts, by virsh. */
import type { DirtyRateReading } from "../../model/artifacts.ts";
import { MigrascopeError } from "../../model/errors.ts";
import type { HostDescription, StatisticsSample } from "../../model/host.ts";
import type { HostRole } from "../../model/machines.ts";
import type { EffectiveSetting } from "../../model/migration.ts";
import { systemClock } from "../../model/time.ts";
import type {
  Capabilities,
  HypervisorDriver,
  MigrationOutcome,
  MigrationRequest,
  PowerOnRequest,
} from "../contract.ts";
import { type Abilities, askAbilities, commonMachine } from "./abilities.ts";
import { adoptVm, giveBack, refuseForAdopted } from "./adopt.ts";
import type { Context, LibvirtDriverOptions } from "./context.ts";
import { describeHost } from "./describe.ts";
import { measureDirtyRate } from "./dirty-rate.ts";
import { runningOn, whereabouts } from "./domains.ts";
import { move } from "./move.ts";
import { switchToPostCopy } from "./post-copy.ts";
import { endVm, type PoweredOn, startVm } from "./power.ts";
import { refuseForKind, refuseUnsupported } from "./settings.ts";
import { statistics } from "./statistics.ts";
import { Virsh } from "./virsh/virsh.ts";

/** The driver qemu's model, see there why, in libvirt's words. */
const CPU = { model: "Nehalem", features: ["rdrand"] } as const;

/** Seconds that what was interrupted gets to come to its end before the VM is ended. */
const SETTLE = 60;

export class LibvirtDriver implements HypervisorDriver {
  readonly name = "libvirt";
  readonly migrations = ["memory", "storage", "storage-incremental", "storage-then-memory", "cold"] as const;
  readonly deadlineActions = ["cancel", "pause", "post-copy", "throttle", "cold"] as const;
  readonly capabilities: Capabilities;

  readonly #context: Context;
  readonly #abilities = new Map<HostRole, Promise<Abilities>>();
  #vm: PoweredOn | undefined;
  /** The powering on, or the migration, that has not come to its end. */
  #busy: Promise<unknown> | undefined;
  #migrating: Parameters<typeof switchToPostCopy>[0] | undefined;

  constructor(options: LibvirtDriverOptions) {
    const { hosts, cpu = CPU, clock = systemClock } = options;
    this.#context = {
      options,
      virsh: { source: new Virsh(hosts.source), destination: new Virsh(hosts.destination) },
      clock,
      cpu,
      abilities: (role) => this.#abilitiesOf(role),
    };
    this.capabilities = {
      eventTimestamps: true,
      postCopy: { switchNow: () => this.#switchNow() },
      dirtyRate: { measure: (seconds, signal) => this.#measureDirtyRate(seconds, signal) },
      oldCopy: { make: (signal) => this.#on("an old copy").disk.makeOldCopy("source", signal) },
      images: { statistics: async (host) => (await this.#vm?.disk.statistics(host)) ?? null },
      disks: {
        formats: ["raw", "qcow2"],
        allocations: ["sparse", "preallocated"],
        storages: Object.keys(options.storages),
      },
    };
  }

  async describe(host: HostRole): Promise<HostDescription> {
    const { virsh, options, cpu } = this.#context;
    return describeHost(host, virsh[host].machine, await this.#abilitiesOf(host), {
      accelerator: options.accelerator,
      machine: this.#vm?.machine ?? (await this.#machine()),
      cpu: [cpu.model, ...cpu.features].join(",+"),
    });
  }

  async powerOn(request: PowerOnRequest): Promise<void> {
    const { host, settings, kind } = request;
    if (this.#vm) throw new MigrascopeError("HYPERVISOR_REFUSED", "the VM is on already", { where: host });
    if (settings) refuseForKind(settings, kind);
    if (settings)
      for (const role of ["source", "destination"] as const)
        refuseUnsupported(settings, role, await this.#abilitiesOf(role));
    const { adopt } = this.#context.options;
    if (adopt !== undefined) refuseForAdopted(request.kind);
    const starting =
      adopt === undefined
        ? startVm(this.#context, request, await this.#machine())
        : adoptVm(this.#context, adopt, request);
    this.#vm = await this.#doing(starting);
  }

  async powerOff(): Promise<void> {
    // One that was interrupted puts things in order itself, and could start the VM after it was ended here.
    await atMost(SETTLE, this.#busy);
    const vm = this.#vm;
    this.#vm = undefined;
    if (vm) await (vm.adopted ? giveBack : endVm)(this.#context, vm);
  }

  async statistics(): Promise<StatisticsSample> {
    const { domain } = this.#on("statistics");
    const host = (await this.locate()) ?? "source";
    return statistics(this.#context.virsh[host], domain, this.#context.clock, { migrating: this.#busy !== undefined });
  }

  /** @throws MigrascopeError COMMAND_FAILED when it is not known: it runs on no host that answers. */
  async locate(): Promise<HostRole | null> {
    if (!this.#vm) return null;
    const where = await whereabouts(this.#context.virsh, this.#vm.domain);
    const host = runningOn(where);
    const deaf = (["source", "destination"] as const).find((role) => where[role] === "no answer");
    if (host === null && deaf !== undefined)
      throw new MigrascopeError("COMMAND_FAILED", `the ${deaf} does not say whether the VM runs there`, {
        where: deaf,
      });
    return host;
  }

  /** libvirt sets them for the time of a migration only: what is set outside of one says nothing. */
  async effectiveSettings(): Promise<readonly EffectiveSetting[]> {
    return [];
  }

  async migrate(request: MigrationRequest): Promise<MigrationOutcome> {
    const vm = this.#on("a migration");
    if (vm.adopted) refuseForAdopted(request.kind, request.atDeadline);
    refuseForKind(request.settings, request.kind);
    for (const role of ["source", "destination"] as const)
      refuseUnsupported(request.settings, role, await this.#abilitiesOf(role));
    try {
      const moving = move(this.#context, vm, request, (migrating) => {
        this.#migrating = migrating;
      });
      return await this.#doing(moving);
    } finally {
      this.#migrating = undefined;
    }
  }

  async #doing<T>(work: Promise<T>): Promise<T> {
    this.#busy = work;
    try {
      return await work;
    } finally {
      this.#busy = undefined;
    }
  }

  async #switchNow(): Promise<void> {
    if (!this.#migrating)
      throw new MigrascopeError("HYPERVISOR_REFUSED", "no migration runs that could switch to post-copy");
    await switchToPostCopy(this.#migrating);
  }

  async #measureDirtyRate(seconds: number, signal: AbortSignal): Promise<DirtyRateReading> {
    const { domain, vm } = this.#on("a dirty rate");
    const { virsh, clock, options } = this.#context;
    const host = (await this.locate()) ?? "source";
    return measureDirtyRate({
      virsh: virsh[host],
      domain,
      host,
      accelerator: options.accelerator,
      abilities: await this.#abilitiesOf(host),
      memory: vm.memory,
      seconds,
      clock,
      signal,
    });
  }

  #on(what: string): PoweredOn {
    if (this.#vm) return this.#vm;
    throw new MigrascopeError("HYPERVISOR_REFUSED", `no VM is on: ${what} needs one`);
  }

  async #machine(): Promise<string> {
    const [source, destination] = await Promise.all([this.#abilitiesOf("source"), this.#abilitiesOf("destination")]);
    return commonMachine({ source, destination });
  }

  /** Asked once per host; a failure is not remembered. */
  #abilitiesOf(role: HostRole): Promise<Abilities> {
    const known = this.#abilities.get(role);
    if (known) return known;
    const asking = askAbilities(this.#context.virsh[role]);
    this.#abilities.set(role, asking);
    asking.catch(() => this.#abilities.delete(role));
    return asking;
  }
}

/** Waits for `work`, however it ends, but not longer than `seconds`. */
async function atMost(seconds: number, work: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([work?.catch(() => {}), late]);
  clearTimeout(timer);
}

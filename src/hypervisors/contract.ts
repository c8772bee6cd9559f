/**
 * The contract of a hypervisor driver: small and mandatory, plus capabilities that are separate interfaces.
 * The harness asks a driver for a capability; it never asks which hypervisor it is.
 */
import type { DirtyRateReading } from "../model/artifacts.ts";
import type { HostDescription, StatisticsSample } from "../model/host.ts";
import type { HostRole, VmSpec } from "../model/machines.ts";
import type { EffectiveSetting, MigrationEvent, MigrationProgress, MigrationReport } from "../model/migration.ts";
import type { ColdOptions, DeadlineAction, DiskOptions, MigrationKind } from "../model/movement.ts";
import type { MigrationPorts, Status } from "../model/run.ts";
import type { MigrationSettings } from "../model/settings.ts";

/** What a driver is told while a migration runs. Called in order; must not throw. */
export interface MigrationObserver {
  event(event: MigrationEvent): void;
  progress(progress: MigrationProgress): void;
}

export interface MigrationRequest {
  readonly from: HostRole;
  readonly kind: MigrationKind;
  readonly cold: ColdOptions;
  readonly disk: DiskOptions;
  readonly settings: MigrationSettings;
  /** Seconds; at its end `atDeadline` is done. */
  readonly deadline: number;
  readonly atDeadline: DeadlineAction;
  /** Seconds that the action has to end it; then the migration is cancelled and the outcome is `timeout`. */
  readonly grace: number;
  /**
   * To be awaited before the guest's system is shut down on the way: what runs in it is stopped and its records are fetched.
   * Never throws.
   */
  readonly beforeShutDown?: () => Promise<void>;
  /** Aborted by Ctrl-C: the migration is cancelled and the outcome is `cancelled`. */
  readonly signal: AbortSignal;
  readonly observer: MigrationObserver;
}

export interface MigrationOutcome {
  readonly status: Status;
  /** Why, unless it completed: the hypervisor's own words. */
  readonly reason?: string;
  readonly report: MigrationReport;
  readonly settings: readonly EffectiveSetting[];
  /** Which TCP ports of the migration network carried what. Absent: not known, or one connection carried everything. */
  readonly ports?: MigrationPorts;
  /** Where the VM runs now. `null`: it was lost. */
  readonly runsOn: HostRole | null;
  /** What the hypervisor is known to do wrong under these circumstances, and what it makes doubtful. */
  readonly warnings?: readonly string[];
}

export interface PowerOnRequest {
  readonly host: HostRole;
  readonly vm: VmSpec;
  readonly disk: DiskOptions;
  readonly kind: MigrationKind;
  /** What the migration will be asked for: some of it must be prepared before the VM runs, and what cannot be is refused here. */
  readonly settings?: MigrationSettings;
  /** Directory of this pass, where the console's and the hypervisor's logs go. */
  readonly logDirectory: string;
  readonly signal: AbortSignal;
}

/** One VM on one pair of hosts. A driver is made for a testbed and used by one trial at a time. */
export interface HypervisorDriver {
  readonly name: string;
  /** What it can move. */
  readonly migrations: readonly MigrationKind[];
  /** What it can do when a migration has not ended by its deadline; `cancel` always. */
  readonly deadlineActions: readonly DeadlineAction[];
  /** @throws MigrascopeError COMMAND_FAILED when the host does not answer */
  describe(host: HostRole): Promise<HostDescription>;
  /** Creates and starts the VM; returns when its vCPUs run, not when its system has booted. */
  powerOn(request: PowerOnRequest): Promise<void>;
  /** Ends the VM wherever it is, and whatever a broken migration left behind. Never fails because there is nothing to end. */
  powerOff(): Promise<void>;
  /** Memory and disk of the VM from the hypervisor's view. */
  statistics(): Promise<StatisticsSample>;
  /** Never throws for what the migration itself did: that is its outcome. Throws SETTING_UNSUPPORTED before anything is migrated. */
  migrate(request: MigrationRequest): Promise<MigrationOutcome>;
  /** Every migration setting as the hypervisor has it now on one host. */
  effectiveSettings(host: HostRole): Promise<readonly EffectiveSetting[]>;
  /** Where the VM runs, asked anew. `null`: on no host. */
  locate(): Promise<HostRole | null>;
  readonly capabilities: Capabilities;
}

/** What only some hypervisors can do. Present means supported by this driver; a version may still refuse a setting by name. */
export interface Capabilities {
  /** The hypervisor stamps STOP and RESUME itself, on its host's wall clock. Without it only our observation is known. */
  readonly eventTimestamps?: true;
  readonly postCopy?: { switchNow(): Promise<void> };
  /** It can put a copy of the running VM's disk at the destination, which then grows old. For `storage-incremental`. */
  readonly oldCopy?: {
    /** @returns bytes that the copy takes. @throws MigrascopeError HYPERVISOR_REFUSED, COMMAND_FAILED, CANCELLED. */
    make(signal: AbortSignal): Promise<number>;
  };
  /** Blocks of the VM's image on either host, whether or not the VM runs there now. `null`: it has no image there. */
  readonly images?: {
    statistics(host: HostRole): Promise<StatisticsSample | null>;
  };
  /** What the VM's disk may be. Without it: a sparse raw file in the one place that the driver has for it. */
  readonly disks?: {
    readonly formats: readonly DiskOptions["format"][];
    readonly allocations: readonly DiskOptions["allocation"][];
    /** As plans name them. */
    readonly storages: readonly string[];
  };
  /** It can say how fast the running guest dirties memory, while nothing migrates. */
  readonly dirtyRate?: {
    /**
     * Measures for about `seconds` (1 to 60) and returns when it has.
     * @throws MigrascopeError HYPERVISOR_REFUSED with its words, or CANCELLED.
     */
    measure(seconds: number, signal: AbortSignal): Promise<DirtyRateReading>;
  };
}

/** A testbed that stands and can be used: what the trial touches, whatever it is made of. */
import type { HypervisorDriver } from "../hypervisors/contract.ts";
import type { ArtifactName } from "../model/artifacts.ts";
import type { VmSpec } from "../model/machines.ts";
import type { ClockOffset } from "../model/run.ts";
import type { CountedInterface } from "../probes/interfaces.ts";
import type { SwitchAddress } from "../probes/snmp.ts";
import type { Machine } from "../remote/machine.ts";

export interface CapturePoint {
  readonly artifact: ArtifactName;
  readonly machine: Machine;
  readonly interface: string;
}

/** An interface on the migration network whose bytes are counted by flow. */
export type FlowPoint = CapturePoint;

export interface LiveTestbed {
  readonly driver: HypervisorDriver;
  readonly vm: VmSpec;
  /** Where the prober runs. */
  readonly benchmark: Machine;
  /** The guest, by its own address; it answers only while it runs. */
  readonly guest: Machine;
  /**
   * To be called when the guest's system was started anew, where its machine keeps a connection: one to a system that has
   * gone would hold everything up that is asked next.
   */
  readonly dropGuestConnection?: () => Promise<void>;
  /** In the guest: where workloads put their files, on the disk that migrates with the VM. */
  readonly guestDirectory: string;
  /** The benchmark server's addresses on the service network, where the guest reaches it. */
  readonly benchmarkAddress: Readonly<Record<"ipv4" | "ipv6", string>>;
  readonly captures: readonly CapturePoint[];
  readonly flows: readonly FlowPoint[];
  readonly interfaces: readonly CountedInterface[];
  /** The managed switch, where there is one. */
  readonly switch?: SwitchAddress & {
    /** Role of each port (`migration.source`) → its name on the switch. */
    readonly ports: Readonly<Record<string, string>>;
    /** Seconds, see `SwitchSpec`. */
    readonly sampleEvery: number;
    readonly settle: number;
  };
  /** Each host's clock against ours, measured now. */
  clockOffsets(): Promise<readonly ClockOffset[]>;
}

/** Makes the testbed ready for one VM. What differs between scenarios is only the VM. */
export type TestbedFactory = (vm: VmSpec) => LiveTestbed;

/** One live migration between two QEMUs: what it works with, and how it can have ended. */
import type { HostRole } from "../../model/machines.ts";
import type { EffectiveSetting, MigrationReport } from "../../model/migration.ts";
import type { Status } from "../../model/run.ts";
import type { MigrationRequest } from "../contract.ts";
import type { HostSetup, Instance } from "./instance.ts";
import type { NativeSettings } from "./native.ts";
import type { MigrationWatch } from "./watch.ts";

export interface Ended {
  readonly status: Status;
  readonly reason?: string;
  readonly report: MigrationReport;
  readonly runsOn: HostRole | null;
  /** The QEMU that has the VM now, when it is neither of the two that migrated. */
  readonly instance?: Instance;
  /** What was set on the way. */
  readonly settings?: readonly EffectiveSetting[];
  readonly warnings?: readonly string[];
}

export interface Migration {
  readonly source: Instance;
  readonly destination: Instance;
  readonly watch: MigrationWatch;
  readonly request: MigrationRequest;
  readonly uri: string;
  /** Ports of the destination that carried it: the first connection's, and those of connections that were made again. */
  readonly ports: number[];
  /** Of the host that the VM goes to. */
  readonly host: HostSetup;
  /** QEMU's defaults on the source. */
  readonly defaults: NativeSettings;
  /** Starts the VM anew on one host, from its disk. @throws MigrascopeError when it does not run there. */
  boot(role: HostRole): Promise<Instance>;
}

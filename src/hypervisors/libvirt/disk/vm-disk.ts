/** The VM's disk as a migration sees it: one that we made, or an adopted VM's. */
import type { StatisticsSample } from "../../../model/host.ts";
import type { HostRole } from "../../../model/machines.ts";
import type { MigrationKind } from "../../../model/movement.ts";
import type { MigrationRequest } from "../../contract.ts";
import type { MigrationWatch } from "../watch.ts";
import type { ColdFile } from "./cold-file.ts";

export interface VmDisk {
  /** Before a migration that copies it. @throws MigrascopeError when there is no room, or something in the way. */
  prepareDestination(to: HostRole, signal: AbortSignal): Promise<void>;
  /** @returns bytes that the copy takes. @throws MigrascopeError; SETTING_UNSUPPORTED when it cannot be had of this disk. */
  makeOldCopy(from: HostRole, signal: AbortSignal): Promise<number>;
  /** @throws MigrascopeError when it could not be: the VM goes on where its disk was. */
  copyToShared(from: HostRole, watch: MigrationWatch, request: MigrationRequest): Promise<void>;
  /** What a cold migration copies; nothing when both hosts see the disk. */
  coldFile(request: MigrationRequest): ColdFile | undefined;
  /** After a migration: what a failed one has left where the VM is not, is removed. */
  settled(on: HostRole, from: HostRole, kind: MigrationKind): Promise<void>;
  /** `null`: there is no image on this host. */
  statistics(host: HostRole): Promise<StatisticsSample | null>;
  /** Everything that we made. @throws MigrascopeError COMMAND_FAILED when a host does not answer. */
  remove(): Promise<void>;
}

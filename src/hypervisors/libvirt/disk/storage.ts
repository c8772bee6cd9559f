/** Which of a testbed's storages a VM's disk is on, and what cannot be. */
import { MigrascopeError } from "../../../model/errors.ts";
import type { StorageSpec } from "../../../model/hosts.ts";
import type { DiskOptions, MigrationKind } from "../../../model/movement.ts";

export interface Storage {
  /** As plans name it. */
  readonly name: string;
  readonly spec: StorageSpec;
}

/** Both hosts see the same content. */
export const isShared = (spec: StorageSpec): boolean => spec.kind !== "directory" || spec.shared;

type Storages = Readonly<Record<string, StorageSpec>>;

/**
 * The storage that the disk is on before the migration: the one named, or the first that this kind of migration can have.
 * @throws MigrascopeError CONFIG_INVALID for a name that the testbed has not, or when it has none that fits;
 * SETTING_UNSUPPORTED for what cannot be.
 */
export function storageFor(options: DiskOptions, kind: MigrationKind, storages: Storages): Storage {
  const shared = kind === "memory";
  const storage = chosen(options.storage, "disk.storage", storages, (spec) => isShared(spec) === shared, {
    fits: shared ? "that both hosts share" : "of a host's own",
    kind,
  });
  // A cold migration moves the VM on shared storage too; it has no disk to copy then.
  if (kind !== "cold" && isShared(storage.spec) !== shared) throw misplaced(storage, kind);
  refuseUnfit(options, storage);
  return storage;
}

/**
 * The shared storage that a migration of kind `storage-then-memory` moves the running VM's disk to.
 * @throws MigrascopeError as `storageFor`
 */
export function sharedTargetFor(options: DiskOptions, storages: Storages): Storage {
  const kind = "storage-then-memory";
  const target = chosen(options.to, "disk.to", storages, isShared, { fits: "that both hosts share", kind });
  if (!isShared(target.spec))
    throw new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `disk.to: ${target.name} is not shared: the destination could not run a VM whose disk is there`,
    );
  refuseUnfit(options, target);
  return target;
}

function chosen(
  name: string | undefined,
  key: string,
  storages: Storages,
  fits: (spec: StorageSpec) => boolean,
  words: { readonly fits: string; readonly kind: MigrationKind },
): Storage {
  if (name !== undefined) {
    const spec = storages[name];
    if (spec) return { name, spec };
    const known = Object.keys(storages).join(", ") || "none";
    throw new MigrascopeError("CONFIG_INVALID", `${key}: the testbed has no storage "${name}"; it has: ${known}`);
  }
  const first = Object.entries(storages).find(([, spec]) => fits(spec));
  if (first) return { name: first[0], spec: first[1] };
  throw new MigrascopeError(
    "CONFIG_INVALID",
    `${key}: the testbed has no storage ${words.fits}, as a migration of kind ${words.kind} needs`,
  );
}

function misplaced({ name }: Storage, kind: MigrationKind): MigrascopeError {
  const why =
    kind === "memory"
      ? `${name} is a host's own storage: the destination cannot see the VM's disk there; use kind storage`
      : `${name} is shared: there is no disk to move from host to host; use kind memory, or a host's own storage`;
  return new MigrascopeError("SETTING_UNSUPPORTED", `disk.storage with kind ${kind}: ${why}`);
}

/** A LUN is one row of blocks of a given size: no file grows on it, and when its blocks are taken is up to the array. */
function refuseUnfit({ format, allocation }: DiskOptions, { name, spec }: Storage): void {
  if (spec.kind !== "iscsi") return;
  if (format !== "raw")
    throw new MigrascopeError("SETTING_UNSUPPORTED", `disk.format: ${format} on ${name}: a LUN is used as it is, raw`);
  if (allocation !== "sparse")
    throw new MigrascopeError(
      "SETTING_UNSUPPORTED",
      `disk.allocation: ${allocation} on ${name}: the array decides when the blocks of a LUN are taken`,
    );
}

/** Switching a running migration to post-copy. */
import type { Migration } from "./migration.ts";

/** Idempotent. @throws MigrascopeError HYPERVISOR_REFUSED, which the observer is told too. */
export async function switchToPostCopy(
  migration: Pick<Migration, "watch" | "virsh" | "from" | "domain">,
): Promise<void> {
  const { watch, virsh, from, domain } = migration;
  if (watch.switched) return;
  watch.switched = true;
  watch.did("switch-to-post-copy");
  try {
    await virsh[from].run(["migrate-postcopy", domain]);
  } catch (error) {
    watch.switched = watch.inPostCopy;
    watch.did("status", (error as Error).message);
    throw error;
  }
}

/** What is done to a migration that has not ended by its deadline and is to end all the same. */
import type { Migration } from "./migration.ts";
import { switchToPostCopy } from "./post-copy.ts";
import { letThrottle } from "./throttle.ts";

/** @returns why it could not be done, if so. */
export async function actAtDeadline(migration: Migration): Promise<string | undefined> {
  const { watch, virsh, from, domain, request } = migration;
  const action = request.atDeadline;
  watch.did("deadline", action);
  try {
    // Nothing dirties memory any more. libvirt lets the VM go on at the destination, since it ran when the migration began.
    if (action === "pause") await virsh[from].run(["suspend", domain]);
    else if (action === "post-copy") await switchToPostCopy(migration);
    else if (action === "throttle") await letThrottle(migration);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** One live migration between two QEMUs that are ready for it: the command, and the wait for its end. */
import { atDeadline, interrupted } from "./deadline.ts";
import { conclude, failed, stayed } from "./ending.ts";
import type { Ended, Migration } from "./migration.ts";
import { QmpError } from "./qmp/messages.ts";
import { untilOver } from "./recovery.ts";
import { arm } from "./switches.ts";

/** Never throws: whatever happens is the outcome. */
export async function migrate(migration: Migration): Promise<Ended> {
  const { source, watch, request, uri } = migration;
  watch.did("command");
  const accepted = source.qmp.execute("migrate", { uri });
  watch.startSampling();
  const disarm = arm(migration);
  try {
    await accepted;
    const how = await untilOver(migration, { seconds: request.deadline, signal: request.signal });
    disarm();
    if (how === "met") return await conclude(migration);
    return await (how === "timeout" ? atDeadline(migration) : interrupted(migration));
  } catch (error) {
    if (error instanceof QmpError) return await stayed(migration, "failed", error.message);
    return await failed(migration, (error as Error).message);
  } finally {
    disarm();
  }
}

/** Removing a lab, in whatever state it is. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { MigrascopeError } from "../model/errors.ts";
import { LAB_MARK, labDirectory } from "./directory.ts";
import { lockLab } from "./lock.ts";
import { killLabProcesses } from "./processes.ts";

export interface LabDownResult {
  /** False: there was nothing to remove. */
  readonly existed: boolean;
  readonly processes: number;
}

/**
 * Ends everything that belongs to the lab and removes its directory. Succeeds when there is no such lab.
 * @throws MigrascopeError LAB_BUSY when another process keeps changing it or we are inside it, LAB_BROKEN when
 * something cannot be ended.
 */
export async function labDown(name: string): Promise<LabDownResult> {
  const directory = labDirectory(name);
  if (process.env[LAB_MARK] === directory)
    throw new MigrascopeError("LAB_BUSY", "this process runs inside the lab that it is to remove", {
      where: directory,
    });
  using lock = await lockLab(directory);
  const result = await removeLab(directory);
  lock.remove();
  return result;
}

/** The same for a caller who holds the lab's lock and keeps it. */
export async function removeLab(directory: string): Promise<LabDownResult> {
  const existed = existsSync(directory);
  const processes = await killLabProcesses(directory);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  return { existed: existed || processes > 0, processes };
}

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MigrascopeError } from "../model/errors.ts";
import { Plan } from "../model/plan.ts";
import { loadDocument } from "./document.ts";

/** The plans that come with the program, one file each. */
const BUILT_IN = fileURLToPath(new URL("../../plans/", import.meta.url));

/**
 * Loads a plan by the name of a built-in one or from a file.
 * @throws MigrascopeError FILE_UNREADABLE naming the built-in plans, or CONFIG_INVALID with file, line and column.
 */
export async function loadPlan(nameOrFile: string): Promise<Plan> {
  if (/^[a-z0-9-]+$/u.test(nameOrFile)) {
    const file = `${BUILT_IN}${nameOrFile}.yaml`;
    if (existsSync(file)) return loadDocument(file, Plan);
    if (!existsSync(nameOrFile)) {
      const names = await builtInPlans();
      throw new MigrascopeError(
        "FILE_UNREADABLE",
        `there is no plan "${nameOrFile}": neither a file nor built in (${names.join(", ")})`,
      );
    }
  }
  return loadDocument(nameOrFile, Plan);
}

/** Names of the built-in plans, sorted. */
export async function builtInPlans(): Promise<readonly string[]> {
  const files = await readdir(BUILT_IN);
  return files
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** Running the checks, one after the other: each would disturb the next. */
import { type Check, type CheckContext, type Finding, failedBy, skipped } from "./finding.ts";

export interface CheckOptions {
  readonly onStep?: (step: string) => void;
  readonly onFinding?: (finding: Finding) => void;
}

/**
 * @returns every finding, in order; a check that needs one that failed is skipped.
 * @throws MigrascopeError CANCELLED, or a defect of a check.
 */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  { onStep, onFinding }: CheckOptions = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const unusable = new Set<string>();
  for (const check of checks) {
    context.signal.throwIfAborted();
    onStep?.(check.name);
    const found = await findingsOf(check, context, unusable);
    if (found.some(({ verdict }) => verdict === "failed" || verdict === "skipped")) unusable.add(check.name);
    for (const finding of found) onFinding?.(finding);
    findings.push(...found);
  }
  return findings;
}

async function findingsOf(
  check: Check,
  context: CheckContext,
  unusable: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const lacking = check.needs.filter((need) => unusable.has(need));
  if (lacking.length > 0) return [skipped(check.name, `not asked: ${lacking.join(" and ")} must be mended first`)];
  try {
    return await check.run(context);
  } catch (error) {
    return [failedBy(check.name, error)];
  }
}

/** Several things of one phase, none of which is to cost the others. */
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";

/**
 * Waits for all of them.
 * @throws what the one threw that failed; of several that failed, a MigrascopeError with the first one's code and the words
 * of all.
 */
export async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const reasons = results.flatMap((result): unknown[] => (result.status === "rejected" ? [result.reason] : []));
  if (reasons.length === 0) return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (reasons.length === 1) throw reasons[0];
  const errors = reasons.map((reason) => asMigrascopeError(reason));
  const words = [...new Set(errors.map(({ message }) => message))].join("; ");
  throw new MigrascopeError(errors[0]!.code, words, { where: errors[0]!.where, cause: reasons[0] });
}

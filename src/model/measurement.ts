/** A number of a result. */
import { z } from "zod";

export const Unit = z.enum(["s", "bytes", "bits/s", "bytes/s", "count", "share"]);

/**
 * A number with its unit, bounds and origin. `value` null means unknown, and `unknown` then says why.
 * `low` and `high` bound the true value; `source` names the artifact (and the field in it) that it was derived from.
 */
export const Measurement = z.strictObject({
  value: z.number().nullable(),
  unit: Unit,
  low: z.number().optional(),
  high: z.number().optional(),
  source: z.string(),
  unknown: z.string().optional(),
});
export type Measurement = z.infer<typeof Measurement>;

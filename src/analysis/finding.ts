/** A number as a function finds it, and how it becomes one of the result. */
import type { Measurement } from "../model/result.ts";
import { Unknown } from "./unknown.ts";

/** The number with its bounds; unit and source are those that are usual for it unless the function knows better. */
export interface Finding {
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly source?: string | undefined;
  readonly unit?: Measurement["unit"] | undefined;
}

/** The value is not known and yet not without bounds: a migration that was given up had lasted so long already. */
export class Bounded extends Unknown {
  readonly low: number | undefined;
  readonly high: number | undefined;
  constructor(reason: string, bounds: { low?: number | undefined; high?: number | undefined }) {
    super(reason);
    this.low = bounds.low;
    this.high = bounds.high;
  }
}

/** What cannot be known is null with its reason. @throws whatever else `find` throws. */
export function measured(unit: Measurement["unit"], source: string, find: () => Finding): Measurement {
  try {
    const found = find();
    if (!Number.isFinite(found.value)) throw new Error(`it came to ${found.value}`);
    return { value: found.value, unit: found.unit ?? unit, ...bounds(found), source: found.source ?? source };
  } catch (error) {
    if (error instanceof Bounded) return { value: null, unit, ...bounds(error), source, unknown: error.message };
    if (error instanceof Unknown) return { value: null, unit, source, unknown: error.message };
    throw error;
  }
}

/** A number of the result for a function that needs it. @throws Bounded with its reason when it is unknown. */
export function findingOf({ value, low, high, source, unit, unknown }: Measurement): Finding {
  if (value === null) throw new Bounded(unknown ?? "unknown", { low, high });
  return { value, low, high, source, unit };
}

const bounds = ({ low, high }: { low?: number | undefined; high?: number | undefined }) => ({
  ...(low === undefined ? {} : { low }),
  ...(high === undefined ? {} : { high }),
});

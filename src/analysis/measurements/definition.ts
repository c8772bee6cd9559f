/** What a measurement is: a description that never changes, and a pure function of a pass. */
import type { ArtifactName } from "../../model/artifacts.ts";
import type { Measurement } from "../../model/result.ts";
import type { Pass } from "../pass.ts";
import { Unknown } from "../unknown.ts";

export interface Definition {
  /** Key in `result.json`. */
  readonly id: string;
  readonly title: string;
  readonly unit: Measurement["unit"];
  /** What the number means, in words that a reader can check. */
  readonly definition: string;
  /** How its bounds come about, or why it has none. */
  readonly bounds: string;
  /** What a reader might take it for, and it is not. */
  readonly not: string;
  readonly artifacts: readonly ArtifactName[];
}

/** The number with its bounds; unit and source come from the definition unless the function knows better. */
export interface Finding {
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly source?: string | undefined;
}

export interface PassMeasurement extends Definition {
  /** @throws Unknown or Bounded when the value cannot be known. */
  readonly measure: (pass: Pass) => Finding;
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

/**
 * Never throws: what cannot be known is null with its reason, and a function that crashes is unknown too and told to
 * `warn`, since it must not take the other measurements with it.
 */
export function runMeasurement<T>(
  definition: Definition & { readonly measure: (from: T) => Finding },
  from: T,
  warn: (message: string) => void,
): Measurement {
  const { unit, artifacts, id } = definition;
  const source = artifacts.join(", ");
  try {
    const found = definition.measure(from);
    if (!Number.isFinite(found.value)) throw new Error(`it came to ${found.value}`);
    return { value: found.value, unit, ...bounds(found), source: found.source ?? source };
  } catch (error) {
    if (error instanceof Bounded) return { value: null, unit, ...bounds(error), source, unknown: error.message };
    if (error instanceof Unknown) return { value: null, unit, source, unknown: error.message };
    const reason = `could not be computed: ${error instanceof Error ? error.message : String(error)}`;
    warn(`${id} ${reason}`);
    return { value: null, unit, source, unknown: reason };
  }
}

const bounds = ({ low, high }: { low?: number | undefined; high?: number | undefined }) => ({
  ...(low === undefined ? {} : { low }),
  ...(high === undefined ? {} : { high }),
});

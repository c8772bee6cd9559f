/** What a measurement is: a description that never changes, and a pure function of a pass. */
import type { ArtifactName } from "../../model/artifacts.ts";
import type { Measurement } from "../../model/result.ts";
import { type Finding, measured } from "../finding.ts";
import type { Pass } from "../pass.ts";

export { Bounded, type Finding } from "../finding.ts";

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

export interface PassMeasurement extends Definition {
  /** @throws Unknown or Bounded when the value cannot be known. */
  readonly measure: (pass: Pass) => Finding;
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
    return measured(unit, source, () => definition.measure(from));
  } catch (error) {
    const reason = `could not be computed: ${error instanceof Error ? error.message : String(error)}`;
    warn(`${id} ${reason}`);
    return { value: null, unit, source, unknown: reason };
  }
}

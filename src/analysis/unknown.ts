/** What cannot be known is said with its reason, and never becomes a zero. */

/** Thrown where a value cannot be derived; its message is the reason that the result shows. */
export class Unknown extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "Unknown";
  }
}

/** Computes once, when first asked; what it threw it throws again. */
export function lazy<T>(compute: () => T): () => T {
  let state: { value: T } | { error: unknown } | undefined;
  return () => {
    if (!state) {
      try {
        state = { value: compute() };
      } catch (error) {
        state = { error };
      }
    }
    if ("error" in state) throw state.error;
    return state.value;
  };
}

/** The value, or null when it is `Unknown`. Other errors pass. */
export function orNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
}

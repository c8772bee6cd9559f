/** Waiting until something is so, when others know that it has changed. */

export interface Limits {
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Makes a change; everybody who waits asks again. */
  make(change: () => void): void {
    change();
    for (const check of [...this.#waiting]) check();
  }

  /** Waits until `condition` holds, asking it again after each change. */
  waitFor(condition: () => boolean, limits: Limits): Promise<"met" | "timeout" | "aborted"> {
    return new Promise((resolve) => {
      const finish = (how: "met" | "timeout" | "aborted"): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        limits.signal?.removeEventListener("abort", onAbort);
        resolve(how);
      };
      const check = (): void => {
        if (condition()) finish("met");
      };
      const onAbort = (): void => finish("aborted");
      const timer = setTimeout(() => finish("timeout"), limits.seconds * 1000);
      this.#waiting.add(check);
      limits.signal?.addEventListener("abort", onAbort, { once: true });
      if (limits.signal?.aborted) onAbort();
      else check();
    });
  }
}

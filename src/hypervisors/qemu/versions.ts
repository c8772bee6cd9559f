/**
 * Since which version QEMU knows a migration setting. What a running QEMU really has is always asked of itself; this
 * table only lets a refusal say which version would do.
 *
 * Sources: the `(since …)` marks of capabilities, parameters and `MultiFDCompression` in qapi/migration.json of QEMU 9.2
 * and 10.0; for qatzip and for multifd together with post-copy the change logs of 9.2 and 10.1.
 */

/** Native name → first version. Compressions are written `multifd-compression=<method>`. */
export const SINCE: Readonly<Record<string, string>> = {
  xbzrle: "1.2",
  "auto-converge": "1.6",
  events: "2.4",
  "postcopy-ram": "2.6",
  "tls-creds": "2.7",
  "cpu-throttle-initial": "2.7",
  "cpu-throttle-increment": "2.7",
  "max-bandwidth": "2.8",
  "downtime-limit": "2.8",
  "return-path": "2.10",
  "pause-before-switchover": "2.11",
  "xbzrle-cache-size": "2.11",
  "max-postcopy-bandwidth": "3.0",
  "max-cpu-throttle": "3.1",
  multifd: "4.0",
  "multifd-channels": "4.0",
  "multifd-compression": "5.0",
  "multifd-zlib-level": "5.0",
  "multifd-zstd-level": "5.0",
  "throttle-trigger-threshold": "5.0",
  "multifd-compression=none": "5.0",
  "multifd-compression=zlib": "5.0",
  "multifd-compression=zstd": "5.0",
  "cpu-throttle-tailslow": "5.1",
  "background-snapshot": "6.0",
  "zero-copy-send": "7.1",
  "postcopy-preempt": "7.1",
  "switchover-ack": "8.1",
  "dirty-limit": "8.1",
  "vcpu-dirty-limit": "8.1",
  "x-vcpu-dirty-limit-period": "8.1",
  "mapped-ram": "9.0",
  "zero-page-detection": "9.0",
  "multifd-compression=qpl": "9.1",
  "multifd-compression=uadk": "9.1",
  "multifd-compression=qatzip": "9.2",
  "multifd-qatzip-level": "9.2",
  "multifd with postcopy-ram": "10.1",
};

/** Compressions that a QEMU has only when it was built with the library, whatever its version. */
export const BUILD_OPTION: Readonly<Record<string, string>> = {
  "multifd-compression=zstd": "zstd",
  "multifd-compression=qpl": "qpl",
  "multifd-compression=uadk": "uadk",
  "multifd-compression=qatzip": "qatzip",
};

/** Compares `7.2.22` with `9.1` number by number. Negative: `a` is older. Missing numbers count as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What would support it, as the end of a sentence. */
export function supportedBy(native: string, version: string): string {
  const since = SINCE[native];
  const built = BUILD_OPTION[native];
  if (since === undefined) return "no version known to Migrascope supports it";
  if (compareVersions(version, since) >= 0) {
    return built === undefined
      ? `it is known since QEMU ${since}, but this build lacks it`
      : `it needs a QEMU ${since} or later that was built with ${built}; this one was not`;
  }
  return built === undefined
    ? `QEMU ${since} is the first version that supports it`
    : `QEMU ${since} is the first version that supports it, when built with ${built}`;
}

/** The first version that surely tracks every write of an emulated guest. */
const TCG_TRACKS_WRITES_SINCE = "9.1";

/**
 * What is doubtful about a migration of an emulated guest, by version.
 *
 * Measured with QEMU 7.2.22: a guest that goes round in 2 MiB without ever leaving them migrates in 0.6 s over a link on
 * which it cannot converge, and its pages on the destination are then up to 26,000 rounds apart; 8 MiB do the same after a
 * cancelled migration, 32 MiB do not. The cause is in the sources: when the dirty bitmap is synchronised by whole words
 * (`cpu_physical_memory_sync_dirty_bitmap`), 7.2 clears the bits without making the emulated TLB watch the pages again, so a
 * page whose TLB entry stays in use is written to unseen. A change of 2024 calls `cpu_physical_memory_dirty_bits_cleared`
 * there. KVM is not touched by this.
 */
export function trackingWarnings(accelerator: "kvm" | "tcg", version: string): readonly string[] {
  if (accelerator === "kvm" || compareVersions(version, TCG_TRACKS_WRITES_SINCE) >= 0) return [];
  return [
    `QEMU ${version} loses track of pages that an emulated (tcg) guest writes without pause: with such a guest, rounds, ` +
      "bytes and dirty rate are too low, the migration ends sooner than it should, and the pages are stale on the destination",
  ];
}

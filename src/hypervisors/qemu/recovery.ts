/**
 * Waiting for the end of a migration, and connecting a post-copy again that was cut (docs/devel/migration/postcopy, "Postcopy
 * recovery", in QEMU's sources).
 *
 * A cut is seen in two ways. A connection that was reset makes QEMU pause the post-copy by itself. A link that swallows
 * everything makes it wait for TCP to give up, which takes a quarter of an hour: when nothing was sent for a while, both
 * ends are told to pause. The destination is spoken to out of band: its main loop may stand still on a page that is missing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Migration } from "./migration.ts";
import { migrationUri, portOf } from "./prepare.ts";

/** Seconds in which a cut connection is made again, or the VM is given up. */
const RECOVER_WITHIN = 60;
/** Seconds that one attempt has, and between attempts. */
const ATTEMPT = 5;
const BETWEEN = 0.5;

export interface Limits {
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

/** Waits until the source is through or one end is lost, and connects a cut post-copy again meanwhile. */
export async function untilOver(migration: Migration, limits: Limits): Promise<"met" | "timeout" | "aborted"> {
  const { watch, request } = migration;
  const until = performance.now() + limits.seconds * 1000;
  for (;;) {
    const seconds = Math.max(0, (until - performance.now()) / 1000);
    const how = await watch.waitFor(() => watch.isOver || watch.lostDestination || watch.isStalled, {
      ...limits,
      seconds,
    });
    if (how !== "met" || watch.lostSource || watch.lostDestination) return how;
    if (!watch.isCut && !watch.isStalled) return how;
    if (request.settings.postCopy?.recover === false) {
      watch.notRecovered = "the connection was cut, and the plan says not to recover";
      return how;
    }
    if (!(await recover(migration))) return how;
  }
}

/** @returns whether the migration goes on (or has even ended). Otherwise `watch.notRecovered` says why. */
async function recover(migration: Migration): Promise<boolean> {
  const { watch } = migration;
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  let why = "";
  for (let attempt = 1; seconds() < RECOVER_WITHIN; attempt++) {
    try {
      const uri = await connectAgain(migration);
      if (watch.lostSource || watch.lostDestination) break;
      if (uri !== undefined) {
        watch.did("recover", uri);
        migration.ports.push(portOf(uri));
        return true;
      }
      why = "the new connection did not come about";
    } catch (error) {
      why = (error as Error).message;
    }
    watch.notRecovered = `the connection was cut and could not be made again in ${attempt} attempts: ${why}`;
    if (watch.lostSource || watch.lostDestination) break;
    await sleep(BETWEEN * 1000);
  }
  return false;
}

/** One attempt. @returns the address when the migration goes on over it. @throws what QEMU or the connection to it says. */
async function connectAgain(migration: Migration): Promise<string | undefined> {
  const { source, destination, watch, host, request } = migration;
  await pauseBoth(migration);
  if (watch.lostSource || watch.lostDestination) return undefined;
  const { listen, connect } = migrationUri(host, request.settings.family, freshPort());
  await destination.qmp.execute("migrate-recover", { uri: listen }, { outOfBand: true, timeout: ATTEMPT });
  await source.qmp.execute("migrate", { uri: connect, resume: true }, { timeout: ATTEMPT });
  const goesOn = (): boolean => watch.sourceStatus === "postcopy-active" || watch.sourceStatus === "completed";
  await watch.waitFor(() => goesOn() || watch.lostSource || watch.lostDestination, { seconds: ATTEMPT });
  watch.moved();
  return goesOn() ? connect : undefined;
}

/** QEMU recovers only what is paused, on both ends. */
async function pauseBoth({ source, destination, watch }: Migration): Promise<void> {
  const lost = (): boolean => watch.lostSource || watch.lostDestination;
  // The other end notices a reset by itself, a moment later.
  if (!watch.isStalled)
    await watch.waitFor(() => watch.destinationStatus === "postcopy-paused" || lost(), { seconds: 1 });
  const told = { outOfBand: true, timeout: ATTEMPT };
  if (!watch.isCut && !lost()) await source.qmp.execute("migrate-pause", {}, told).catch(() => {});
  if (watch.destinationStatus !== "postcopy-paused" && !lost())
    await destination.qmp.execute("migrate-pause", {}, told).catch(() => {});
  const both = (): boolean => watch.isCut && watch.destinationStatus === "postcopy-paused";
  await watch.waitFor(() => both() || lost(), { seconds: ATTEMPT });
}

/**
 * A port of the dynamic range (RFC 6335): a destination whose main loop stands still could not be asked which one the kernel
 * gave it. If somebody has it, the next attempt takes another.
 */
const freshPort = (): number => 49_152 + Math.floor(Math.random() * 16_384);

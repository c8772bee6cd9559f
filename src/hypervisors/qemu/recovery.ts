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
import type { MigrationWatch } from "./watch.ts";

/** Seconds in which a cut connection is made again, or the VM is given up. */
const RECOVER_WITHIN = 40;
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
  const { watch, host, request } = migration;
  const begun = performance.now();
  const lost = (): boolean => watch.lostSource || watch.lostDestination;
  for (let attempt = 1; performance.now() - begun < RECOVER_WITHIN * 1000 && !lost(); attempt++) {
    const address = migrationUri(host, request.settings.family, freshPort());
    let why = "the new connection did not come about";
    try {
      await connectAgain(migration, address);
    } catch (error) {
      why = (error as Error).message;
    }
    // Asked after a failure too: an earlier attempt that was given up may have come about meanwhile.
    if (goesOn(watch)) {
      watch.moved();
      watch.did("recover", address.connect);
      migration.ports.push(portOf(address.connect));
      return true;
    }
    watch.notRecovered = `the connection was cut and could not be made again in ${attempt} attempts: ${why}`;
    await sleep(BETWEEN * 1000);
  }
  return false;
}

const goesOn = (watch: MigrationWatch): boolean =>
  watch.sourceStatus === "completed" || (watch.sourceStatus === "postcopy-active" && !watch.isStalled);

/** One attempt. @throws what QEMU or the connection to it says. */
async function connectAgain(migration: Migration, address: { listen: string; connect: string }): Promise<void> {
  const { source, destination, watch } = migration;
  const lost = (): boolean => watch.lostSource || watch.lostDestination;
  await pauseBoth(migration);
  if (lost()) return;
  const recovering = { uri: address.listen };
  await destination.qmp.execute("migrate-recover", recovering, { outOfBand: true, timeout: ATTEMPT });
  await source.qmp.execute("migrate", { uri: address.connect, resume: true }, { timeout: ATTEMPT });
  await watch.waitFor(() => goesOn(watch) || lost(), { seconds: ATTEMPT });
}

/** QEMU recovers only what is paused, on both ends. */
async function pauseBoth({ source, destination, watch }: Migration): Promise<void> {
  const lost = (): boolean => watch.lostSource || watch.lostDestination;
  // `setup` is what a paused destination says that listens anew.
  const there = (): boolean => watch.destinationStatus === "postcopy-paused" || watch.destinationStatus === "setup";
  // The other end notices a reset by itself, a moment later.
  if (!watch.isStalled) await watch.waitFor(() => there() || lost(), { seconds: 1 });
  const told = { outOfBand: true, timeout: ATTEMPT };
  if (!watch.isCut && !lost()) await source.qmp.execute("migrate-pause", {}, told).catch(() => {});
  if (!there() && !lost()) await destination.qmp.execute("migrate-pause", {}, told).catch(() => {});
  await watch.waitFor(() => (watch.isCut && there()) || lost(), { seconds: ATTEMPT });
}

/**
 * A port of the dynamic range (RFC 6335): a destination whose main loop stands still could not be asked which one the kernel
 * gave it. If somebody has it, the next attempt takes another.
 */
const freshPort = (): number => 49_152 + Math.floor(Math.random() * 16_384);

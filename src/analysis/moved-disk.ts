/** What became of the VM's disk in a migration that moves it: its image's blocks on both hosts, and the bytes that travelled. */
import { ARTIFACT } from "../model/artifacts.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Sparse } from "../model/result.ts";
import { Bounded, type Finding, findingOf, measured } from "./finding.ts";
import { wireBytesFor } from "./overhead.ts";
import type { Pass } from "./pass.ts";
import { orNull, Unknown } from "./unknown.ts";
import { binary } from "./words.ts";

/** Whether the disk is moved too. A cold migration moves it unless both hosts see it: then nothing is transferred. */
export function movesDisk({ scenario, parts }: Pass): boolean {
  if (scenario.migration !== "cold") return scenario.migration !== "memory";
  return (orNull(parts) ?? []).some(({ part }) => part === "compress" || part === "transfer");
}

/**
 * Bytes of the image, by the last reading of the moment: asked of the host that has the image, whether or not the VM ran there.
 * @throws Unknown when nobody was asked.
 */
export function imageBytes(
  pass: Pass,
  category: "virtualSize" | "allocatedBlocks",
  host: "source" | "destination",
  moment: "before" | "after",
): Finding {
  const found = pass.artifacts
    .statistics()
    .findLast((reading) => reading.host === host && reading.moment === moment && reading.disk[category] !== undefined);
  if (!found) throw new Unknown(`the image's blocks on the ${host} were not read ${moment} the migration`);
  return { value: found.disk[category]!, source: `${ARTIFACT.statistics}, ${found.source}, ${host}` };
}

/**
 * Bytes of the disk on the migration network. Without flows they are the whole less what the memory can have been. A disk
 * that was moved to a shared storage went over that storage's network.
 * @throws Unknown, or Bounded with what bounds there are.
 */
export function diskSent(pass: Pass): Finding {
  if (pass.scenario.migration === "storage-then-memory") return toStorage(pass);
  try {
    const { disk, dropped, whole } = pass.flows();
    const exact = dropped === 0 && whole;
    return { value: disk, low: disk, high: exact ? disk : undefined, source: ARTIFACT.flowsSource };
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return withoutFlows(pass, error.message);
  }
}

/** What the source wrote to the storage network: what the guest wrote meanwhile is in it. */
function toStorage(pass: Pass): Finding {
  const port = pass.ports().find(({ role, direction }) => role === "storage.source" && direction === "in");
  const counted = port && (port.bytes.value === null ? port.hostInterface : port.bytes);
  if (!counted) throw new Unknown("nothing was counted on the storage network's link of the source");
  return findingOf(counted);
}

function withoutFlows(pass: Pass, why: string): Finding {
  const bytes = orNull(pass.ports)?.find(
    ({ role, direction }) => role === "migration.source" && direction === "in",
  )?.bytes;
  const cold = pass.scenario.migration === "cold";
  const memory = cold ? 0 : orNull(pass.report)?.transferred;
  if (bytes?.value == null || memory === undefined) throw new Unknown(why);
  const least = Math.max(0, (bytes.low ?? bytes.value) - (cold ? 0 : wireBytesFor(memory).high));
  const most = bytes.high === undefined ? undefined : Math.max(0, bytes.high - memory);
  if (most === undefined) throw new Bounded(why, { low: least });
  return {
    value: cold ? bytes.value : (least + most) / 2,
    low: least,
    high: most,
    source: cold ? bytes.source : `${bytes.source}, less the memory that the hypervisor reports`,
  };
}

/** Share of the holes that tells: less were not sent, or are still holes. */
const TELLING = 0.5;
/** A disk with fewer holes than this share of it cannot tell. */
const FEW = 0.05;

/** Did the blocks that nobody ever wrote to travel? */
export function sparseOf(pass: Pass): Sparse {
  const source = ARTIFACT.statistics;
  const blocks = (
    ...of: [Parameters<typeof imageBytes>[1], "source" | "destination", "before" | "after"]
  ): Measurement => measured("bytes", source, () => imageBytes(pass, ...of));
  const virtualSize = blocks("virtualSize", "source", "before");
  const before = blocks("allocatedBlocks", "source", "before");
  const after = blocks("allocatedBlocks", "destination", "after");
  const sent = measured("bytes", ARTIFACT.flowsSource, () => diskSent(pass));
  const { cold, migration } = pass.scenario;
  const compressed = migration === "cold" && cold.compression !== "none" ? cold.compression : null;
  const holes = virtualSize.value === null || before.value === null ? null : virtualSize.value - before.value;
  const enough = holes !== null && holes > FEW * virtualSize.value!;
  // Packed, holes weigh next to nothing: the bytes do not tell whether they were in.
  const told = enough && compressed === null && migration !== "storage-incremental" && sent.value !== null;
  const travelled = told ? beyond(sent, before.value!, holes) : null;
  const kept = enough && after.value !== null ? after.value - before.value! < TELLING * holes : null;
  const text = sentence({ virtualSize, before, after, sent, travelled, kept, compressed, enough, holes });
  return { travelled, kept, text, virtualSize, before, after, sent };
}

/** Whether more was sent than was allocated and a part of the holes; null where the bounds allow both. */
function beyond({ value, low, high }: Measurement, allocated: number, holes: number): boolean | null {
  const limit = allocated + TELLING * holes;
  if ((low ?? value!) > limit) return true;
  return (high ?? value!) < limit ? false : null;
}

interface Told extends Omit<Sparse, "text"> {
  readonly compressed: string | null;
  readonly enough: boolean;
  readonly holes: number | null;
}

function sentence({ virtualSize, before, after, sent, travelled, kept, compressed, enough, holes }: Told): string {
  const or = ({ value, unknown }: Measurement): string => (value === null ? `unknown (${unknown})` : binary(value));
  const numbers = `of a disk of ${or(virtualSize)}, ${or(before)} were allocated at the source; ${compressed ? `compressed with ${compressed}, ` : ""}${or(sent)} travelled; at the destination ${or(after)} are allocated`;
  if (holes !== null && !enough) return `${numbers}: it had hardly any sparse blocks`;
  const first =
    travelled === null
      ? "whether the sparse blocks travelled is not known"
      : travelled
        ? "the sparse blocks travelled"
        : "the sparse blocks did not travel";
  const second =
    kept === null
      ? ""
      : kept
        ? "; they are sparse there too"
        : "; they take room there now: the image is not sparse any more";
  return `${numbers}: ${first}${second}`;
}

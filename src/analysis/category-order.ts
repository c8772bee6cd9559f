/** The order of the categories of memory and disk (the paper's 2.2): checked at each moment, a violation explained or flagged. */
import type { CategoryOrder } from "../model/result.ts";
import type { StatisticsRow } from "./statistics.ts";
import { binary, decimal } from "./words.ts";

/** From large to small. */
const ORDER = {
  memory: ["configured", "allocated", "used", "requested", "dirtied"],
  disk: ["virtualSize", "allocatedBlocks", "usedBlocks"],
} as const;
type Of = keyof typeof ORDER;

const WORDS: Readonly<Record<string, string>> = {
  virtualSize: "virtual size",
  allocatedBlocks: "allocated blocks",
  usedBlocks: "used blocks",
};

/** What the data itself can tell of a violation. */
export interface Explanations {
  /** Bytes of pages that held only zeros and were not sent, as the hypervisor counts; null: not known. */
  readonly zeroBytes: number | null;
  readonly migrated: boolean;
}

interface Reading {
  readonly moment: string;
  readonly t: number | null;
  readonly rows: readonly StatisticsRow[];
}

/** @returns for each moment memory and disk, where at least one category is known. */
export function categoryOrders(rows: readonly StatisticsRow[], explanations: Explanations): CategoryOrder[] {
  const readings = readingsOf(rows.filter((row) => !away(row, explanations)));
  return readings.flatMap(({ moment, t, rows: own }) => {
    const alone = readings.filter((one) => one.moment === moment).length === 1;
    const label = alone || t === null ? moment : `${moment}, at ${decimal(t)} s`;
    return (["memory", "disk"] as const).flatMap((of) => orderOf(of, label, own, explanations) ?? []);
  });
}

/** An image on the host where the VM does not run then is another disk's, or a copy that has grown old. */
function away({ moment, host, source, category }: StatisticsRow, { migrated }: Explanations): boolean {
  const home = moment === "after" && migrated ? "destination" : "source";
  return source === "host" && category.startsWith("disk.") && host !== home;
}

/**
 * What is told of one moment: readings in the order of time until a witness tells a category again. What they
 * told was true one after the other: the text says how far apart.
 */
function readingsOf(rows: readonly StatisticsRow[]): Reading[] {
  const readings: { moment: string; t: number | null; rows: StatisticsRow[]; told: Set<string> }[] = [];
  for (const row of inTime(rows)) {
    const last = readings.findLast(({ moment }) => moment === row.moment);
    if (last && !last.told.has(keyOf(row))) {
      last.rows.push(row);
      last.told.add(keyOf(row));
    } else {
      readings.push({ moment: row.moment, t: row.t, rows: [row], told: new Set([keyOf(row)]) });
    }
  }
  return readings;
}

const keyOf = ({ host, source, category }: StatisticsRow): string => `${host} ${source} ${category}`;

/** By time within a moment; the moments as they came. */
function inTime(rows: readonly StatisticsRow[]): StatisticsRow[] {
  const moments = [...new Set(rows.map(({ moment }) => moment))];
  return moments.flatMap((moment) =>
    rows.filter((row) => row.moment === moment).sort((a, b) => (a.t ?? 0) - (b.t ?? 0)),
  );
}

function orderOf(
  of: Of,
  moment: string,
  rows: readonly StatisticsRow[],
  explanations: Explanations,
): CategoryOrder | null {
  const find = (category: string) => rows.find((row) => row.category === `${of}.${category}`);
  const known = ORDER[of].flatMap((category) => {
    const row = find(category);
    return row ? [{ name: WORDS[category] ?? category, category, row }] : [];
  });
  if (known.length === 0) return null;
  if (known.length === 1) return { of, moment, holds: null, text: `only ${known[0]!.name} is known`, explained: false };
  const broken = known.slice(1).flatMap((smaller, i) => {
    const larger = known[i]!;
    if (larger.row.bytes >= smaller.row.bytes) return [];
    const swapUsed = find("swapUsed")?.bytes ?? 0;
    const why = explain(larger.category, smaller, larger.row.bytes, swapUsed, explanations);
    const pair = `${smaller.name} (${binary(smaller.row.bytes)}) is more than ${larger.name} (${binary(larger.row.bytes)})`;
    return [{ text: why ? `${pair}: ${why}` : `${pair}, and nothing here explains it`, why }];
  });
  if (broken.length > 0)
    return {
      of,
      moment,
      holds: false,
      text: `${broken.map(({ text }) => text).join("; ")}${apart(known.map(({ row }) => row))}`,
      explained: broken.every(({ why }) => why !== null),
    };
  const order = known.map(({ name, row }) => `${name} ${binary(row.bytes)}`).join(" ≥ ");
  return { of, moment, holds: true, text: `${order}${apart(known.map(({ row }) => row))}`, explained: false };
}

/** Seconds between the first and the last reading from which on a reader must know of them. */
const FAR = 0.5;

function apart(rows: readonly StatisticsRow[]): string {
  const times = rows.flatMap(({ t }) => t ?? []);
  const seconds = Math.max(...times) - Math.min(...times);
  return times.length > 0 && seconds >= FAR ? ` (read up to ${decimal(seconds)} s apart)` : "";
}

/** Share of an image that its file system and its format need for themselves: ext4's extents and qcow2's tables take less. */
const OWN_BLOCKS = 0.01;

function explain(
  larger: string,
  smaller: { readonly category: string; readonly row: StatisticsRow },
  bytes: number,
  swapUsed: number,
  { zeroBytes, migrated }: Explanations,
): string | null {
  const missing = smaller.row.bytes - bytes;
  const byPrograms = smaller.category === "requested" || smaller.category === "dirtied";
  // The paper's own exception: what was asked for may lie in swap.
  if (larger === "used" && byPrograms && swapUsed > 0)
    return swapUsed >= missing
      ? `${binary(swapUsed)} lie in swap`
      : `${binary(swapUsed)} lie in swap, which goes some of the way`;
  // Hosts count the VM's own pages; a hypervisor asked for it may only know of its whole process.
  if (larger === "configured" && smaller.category === "allocated" && smaller.row.source === "hypervisor")
    return "the hypervisor tells of its whole process, whose own heap and code are in it";
  if (larger === "virtualSize" && missing <= OWN_BLOCKS * bytes)
    return `a full image takes ${binary(missing)} more for its file system's and its format's own accounts`;
  const arrived = migrated && smaller.row.moment === "after";
  if (larger === "allocated" && arrived && zeroBytes !== null && zeroBytes >= missing)
    return `the destination allocates nothing for the ${binary(zeroBytes)} of pages that arrived as zeros`;
  return null;
}

/** For the warnings: those that nothing explains. */
export const orderWarnings = (orders: readonly CategoryOrder[]): string[] =>
  orders
    .filter(({ holds, explained }) => holds === false && !explained)
    .map(({ of, moment, text }) => `${of}, ${moment}: ${text}`);

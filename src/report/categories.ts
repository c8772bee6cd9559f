/** The categories of memory and disk (the paper's 2.2), as they are read from a pass's statistics. */
import type { PassResult } from "../model/result.ts";

export type Reading = PassResult["statistics"][number];
interface Category {
  readonly id: string;
  readonly of: "memory" | "disk";
  readonly label: string;
  readonly definition: string;
  /** Whom to believe first where several were asked. */
  readonly witnesses: readonly string[];
}

const HYPERVISOR = ["hypervisor", "host", "guest", "agent"] as const;
const GUEST = ["guest", "agent", "hypervisor", "host"] as const;
const AGENT = ["agent", "guest", "hypervisor", "host"] as const;

/** In the paper's order, from the largest to the smallest; beside them what is in no order with the others. */
export const CATEGORIES: readonly Category[] = (
  [
    ["memory.configured", "configured", "What the VM was given.", HYPERVISOR],
    ["memory.allocated", "allocated", "What of it the host has backed with memory of its own.", HYPERVISOR],
    ["memory.used", "used", "What the guest's kernel could not give to a new program without swapping.", GUEST],
    ["memory.requested", "requested", "What the workloads asked of the guest's system.", AGENT],
    ["memory.dirtied", "dirtied", "The set of pages that the workloads write to again and again.", AGENT],
    [
      "memory.committed",
      "committed",
      "All that the guest's programs were promised; in no order with the others.",
      GUEST,
    ],
    ["memory.swapSize", "swap, size", "The guest's swap; in no order with the others.", GUEST],
    ["memory.swapUsed", "swap in use", "Why more may be requested than is used: the paper's own exception.", GUEST],
    ["disk.virtualSize", "virtual size", "The disk's size as the guest sees it.", HYPERVISOR],
    ["disk.allocatedBlocks", "allocated blocks", "What the disk's image takes on the host.", HYPERVISOR],
    ["disk.usedBlocks", "used blocks", "What the guest's file systems on the disk have in use.", GUEST],
  ] as const
).map(([id, label, definition, witnesses]) => ({
  id,
  of: id.startsWith("memory.") ? "memory" : "disk",
  label,
  definition,
  witnesses,
}));

const MOMENTS = ["before", "during", "after"];
/** The three moments of the paper always, whether anybody was asked then or not; then those that a result has besides. */
export const momentsOf = (statistics: readonly Reading[]): string[] => [
  ...new Set([...MOMENTS, ...statistics.map(({ moment }) => moment)]),
];

/** All readings of a category at a moment, the most trusted witness first; the VM's own host before the other. */
export function readingsAt(statistics: readonly Reading[], { id, witnesses }: Category, moment: string): Reading[] {
  const rank = ({ source }: Reading): number =>
    (witnesses.indexOf(source) + witnesses.length + 1) % (witnesses.length + 1);
  const home = moment === "after" ? "destination" : "source";
  const away = ({ host }: Reading): number => (host === home ? 0 : 1);
  return statistics
    .filter((reading) => reading.category === id && reading.moment === moment)
    .sort((a, b) => rank(a) - rank(b) || away(a) - away(b) || (a.t ?? 0) - (b.t ?? 0));
}

/** The categories of which anything is known, those that a later version may read as well. */
export function categoriesIn(statistics: readonly Reading[], of: Category["of"]): Category[] {
  const known = CATEGORIES.filter(({ id }) => statistics.some(({ category }) => category === id));
  const others = [...new Set(statistics.map(({ category }) => category))]
    .filter((id) => CATEGORIES.every((one) => one.id !== id))
    .map(
      (id): Category => ({
        id,
        of: id.startsWith("disk.") ? "disk" : "memory",
        label: id.replace(/^(memory|disk)\./u, ""),
        definition: "",
        witnesses: HYPERVISOR,
      }),
    );
  return [...known, ...others].filter((category) => category.of === of);
}

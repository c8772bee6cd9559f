/** What the parts of a migration are called, and the colours that tell them apart. */
import type { MigrationPart } from "../../model/migration.ts";
import type { MigrationKind } from "../../model/movement.ts";
import type { Part } from "../../model/result.ts";
import type { Ink } from "./palette.ts";

/** `whole`: disk and memory that were told in one; `between`: what lies between the parts. */
export type Stretch = MigrationPart | "whole" | "between";

export const PART_LOOKS: Readonly<Record<Stretch, { readonly label: string; readonly ink: Ink }>> = {
  whole: { label: "disk and memory, in one", ink: "whole" },
  "disk-copy": { label: "copy of the disk", ink: "source" },
  memory: { label: "memory", ink: "destination" },
  "shut-down": { label: "shut down", ink: "lost-elsewhere" },
  compress: { label: "compress", ink: "held" },
  transfer: { label: "transfer", ink: "neutral" },
  decompress: { label: "decompress", ink: "lost-there" },
  start: { label: "start", ink: "start" },
  "first-reply": { label: "boot to the first reply", ink: "muted" },
  between: { label: "between the parts", ink: "band" },
};

export interface Segment {
  readonly stretch: Stretch;
  /** Seconds from the migrate command. */
  readonly from: number;
  readonly to: number;
}

/**
 * The parts one after the other, from the command on: where two overlap the later one counts from the end of the other, and
 * what no part covers is between them. A migration without parts is one stretch.
 * @param end seconds, of the migration; null: not known.
 */
export function segmentsOf(parts: readonly Part[], end: number | null, kind: MigrationKind): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  const add = (stretch: Stretch, to: number): void => {
    if (to > at) segments.push({ stretch, from: at, to });
    at = Math.max(at, to);
  };
  for (const { part, start, end: over } of parts) {
    const to = over ?? end;
    if (start === null || to === null) continue;
    add("between", start);
    add(part, to);
  }
  if (end !== null) add(segments.length > 0 ? "between" : kind === "memory" ? "memory" : "whole", end);
  return segments;
}

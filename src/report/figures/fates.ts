/** How each fate of a probe looks, in the figure and in the page's legend. */
import type { ProbeFate } from "../../model/result.ts";
import type { Ink } from "./palette.ts";

interface Look {
  readonly ink: Ink;
  readonly symbol: string;
  readonly size: number | [number, number];
  /** The row it lies in when there is no round-trip time to place it by. */
  readonly lane?: string;
}

export const LOOKS: Readonly<Record<ProbeFate, Look>> = {
  "answered-by-source": { ink: "source", symbol: "circle", size: 5 },
  "answered-by-destination": { ink: "destination", symbol: "diamond", size: 7 },
  answered: { ink: "muted", symbol: "circle", size: 5 },
  held: { ink: "held", symbol: "triangle", size: 8 },
  "lost-at-source": { ink: "lost", symbol: "rect", size: [2, 18], lane: "lost at source" },
  "lost-at-destination": { ink: "lost-there", symbol: "rect", size: [2, 18], lane: "lost at dest." },
  "lost-elsewhere": { ink: "lost-elsewhere", symbol: "rect", size: [2, 18], lane: "lost elsewhere" },
  lost: { ink: "lost", symbol: "rect", size: [2, 18], lane: "lost" },
  "not-sent": { ink: "muted", symbol: "rect", size: [2, 6], lane: "not sent" },
};
export const FATES = Object.keys(LOOKS) as ProbeFate[];

/** Rows for lost probes: only for fates that occur, but always one, since "nothing was lost" is an answer too. */
export function lostLanes(fates: readonly ProbeFate[]): string[] {
  const present = new Set(fates);
  const lanes = FATES.filter((fate) => present.has(fate)).flatMap((fate) => LOOKS[fate].lane ?? []);
  return lanes.length > 0 ? lanes : ["lost"];
}

/** How each curve of a workload looks, in the figure and in the page's legend: by colour, and by its stroke besides. */
import type { Ink } from "./palette.ts";

export type LineId = "guest" | "peer" | "asked" | "p99" | "max" | "pause";
interface Look {
  readonly label: string;
  readonly ink: Ink;
  readonly width: number;
  readonly type: "solid" | "dashed" | "dotted";
}

export const LINES: Readonly<Record<LineId, Look>> = {
  guest: { label: "achieved rate, as the guest recorded it", ink: "neutral", width: 2, type: "solid" },
  peer: { label: "the same, as its peer on the benchmark server did", ink: "destination", width: 2, type: "dashed" },
  asked: { label: "asked rate", ink: "text", width: 1, type: "dashed" },
  p99: { label: "latency, 99th percentile", ink: "source", width: 1.5, type: "solid" },
  max: { label: "latency, longest", ink: "lost", width: 2, type: "solid" },
  pause: { label: "largest pause", ink: "lost-there", width: 2, type: "dotted" },
};

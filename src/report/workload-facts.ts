/** What each number of a workload is called in front of people, and what it means. */
import type { Measurement, WorkloadResult } from "../model/result.ts";
import { formatMeasurement } from "./format.ts";

type Numbers = Readonly<Record<string, Measurement | undefined>>;
interface Fact {
  readonly id: string;
  readonly label: string;
  readonly definition: string;
  readonly of: (workload: WorkloadResult) => Measurement | undefined;
  /** It counts per second: a count needs the words for it, bytes have it in their unit. */
  readonly rate?: boolean;
  /** What the terminal shows. */
  readonly main?: "always" | "not-zero";
}
const fact = (
  id: keyof WorkloadResult & string,
  label: string,
  definition: string,
  more: Pick<Fact, "rate" | "main"> = {},
): Fact => ({ id, label, definition, of: (workload) => (workload as unknown as Numbers)[id], ...more });
const ofNetwork = (id: string, label: string, definition: string, more: Pick<Fact, "main"> = {}): Fact => ({
  id,
  label,
  definition,
  of: ({ network }) => (network as unknown as Numbers | undefined)?.[id],
  ...more,
});
const BELOW = (share: number): string =>
  `Time in which the workload achieved less than ${share} % of its median rate before, from the migrate command until the rate was back.`;

/** Every number of a workload in the order of tables. */
export const WORKLOAD_FACTS: readonly Fact[] = [
  fact("asked", "Rate asked", "What the plan asked of the workload before the migration.", { rate: true }),
  fact("before", "Rate before", "Median of the rate that it achieved before the migrate command.", {
    rate: true,
    main: "always",
  }),
  fact("during", "Rate during", "Mean rate that it achieved from the migrate command to the migration's end.", {
    rate: true,
    main: "always",
  }),
  fact("after", "Rate after", "Median of the rate that it achieved after the migration.", { rate: true }),
  fact("below90", "Below 90 %", BELOW(90)),
  fact("below50", "Below 50 %", BELOW(50), { main: "always" }),
  fact("below10", "Below 10 %", BELOW(10)),
  fact(
    "lost",
    "Work lost",
    "What the median rate before would have done from the migrate command until the rate was back, less what was done.",
  ),
  fact(
    "latencyBefore",
    "Latency before",
    "99th percentile of the latency of its operations before the migration: the median of the windows'.",
  ),
  fact("peakLatency", "Peak latency", "Its longest operation from the migrate command on.", { main: "always" }),
  fact(
    "longestPause",
    "Longest pause",
    "The longest time in which nothing went on that should have, by the guest's own clock, which may stand still with the VM.",
  ),
  fact(
    "stale",
    "Stale pages",
    "Pages found with another content than was last written to them: memory that was corrupted.",
    {
      main: "not-zero",
    },
  ),
  {
    id: "cpuUser",
    label: "CPU in user mode",
    definition: "Share of one vCPU over the whole recording, by the guest's kernel.",
    of: ({ cpu }) => cpu.user,
  },
  {
    id: "cpuSystem",
    label: "CPU in the kernel",
    definition: "Share of one vCPU over the whole recording, by the guest's kernel.",
    of: ({ cpu }) => cpu.system,
  },
  ofNetwork("lost", "Lost", "Numbers that the receiver missed: datagrams, or 64-bit words of a connection.", {
    main: "not-zero",
  }),
  ofNetwork("duplicates", "Duplicates", "What arrived more than once."),
  ofNetwork("reordered", "Reordered", "What arrived after something that was sent later."),
  ofNetwork("corrupt", "Corrupt", "What arrived with another content than was sent.", { main: "not-zero" }),
  ofNetwork("breaks", "Broken connections", "Connections that ended before they should have.", { main: "not-zero" }),
  ofNetwork("delayChange", "Change of one-way delay", "Largest one-way delay above the smallest before the migration."),
];

/** A number of a workload as text: rates of operations say `per second`, since a count alone has no unit. */
export function formatFact({ rate }: Pick<Fact, "rate">, measurement: Measurement | undefined): string {
  const text = formatMeasurement(measurement);
  return rate && measurement?.unit === "count" && measurement.value !== null ? `${text} per second` : text;
}

/** How a workload's recording ended, in words. */
export function endInWords({ end: { how, reason } }: Pick<WorkloadResult, "end">): string {
  const why = reason === undefined ? "" : `: ${reason}`;
  switch (how) {
    case "stopped":
      return `stopped when it was told to${why}`;
    case "died":
      return `died${why || ": no reason was recorded"}`;
    case "running":
      return `still at work when its records were fetched${why}`;
    case "unknown":
      return `unknown${why || ": its end was not recorded"}`;
  }
}

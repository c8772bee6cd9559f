/** Hosts and VMs as a driver describes them, with the categories of memory and disk (the paper's 2.2). */
import { z } from "zod";
import { Instant } from "./time.ts";

export const HostDescription = z.strictObject({
  role: z.enum(["source", "destination"]),
  hypervisor: z.string(),
  version: z.string(),
  accelerator: z.string().describe("what executes the guest's instructions: kvm, tcg, hardware…"),
  kernel: z.string(),
  cpu: z.string(),
  machine: z.string().optional().describe("the virtual machine type, resolved to its version"),
  dirtyRateCounts: z
    .enum(["sync-periods"])
    .optional()
    .describe(
      "what the dirty rate of a round counts. sync-periods: pages found dirty at each beginning of a round, divided at the first one more than a second after the last division (QEMU's). Absent: not known",
    ),
});
export type HostDescription = z.infer<typeof HostDescription>;

/**
 * Bytes. `source` says who was asked; `agent`: our agent in the guest, of its own workloads. Absent means not known, never
 * zero. The categories are the paper's 2.2: configured ≥ allocated ≥ used ≥ requested ≥ dirtied.
 */
export const StatisticsSample = z.strictObject({
  at: Instant,
  source: z.enum(["hypervisor", "host", "guest", "agent"]),
  memory: z
    .strictObject({
      configured: z.number().optional(),
      allocated: z.number().optional(),
      used: z.number().optional(),
      requested: z.number().optional().describe("asked of the guest's system by the workloads"),
      dirtied: z.number().optional().describe("in the set of pages that the workloads write to again and again"),
      committed: z.number().optional().describe("all that programs of the guest were promised (Committed_AS)"),
      swapSize: z.number().optional(),
      swapUsed: z.number().optional(),
    })
    .prefault({}),
  disk: z
    .strictObject({
      virtualSize: z.number().optional(),
      allocatedBlocks: z.number().optional(),
      usedBlocks: z.number().optional(),
    })
    .prefault({}),
});
export type StatisticsSample = z.infer<typeof StatisticsSample>;

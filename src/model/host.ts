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
});
export type HostDescription = z.infer<typeof HostDescription>;

/** Bytes. `source` says who was asked. Absent means not known, never zero. */
export const StatisticsSample = z.strictObject({
  at: Instant,
  source: z.enum(["hypervisor", "host", "guest"]),
  memory: z
    .strictObject({
      configured: z.number().optional(),
      allocated: z.number().optional(),
      used: z.number().optional(),
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

/** What happened in a migration beside its numbers: its parts, its deadline, recoveries, and what became of a sparse disk. */
import { z } from "zod";
import { Measurement } from "./measurement.ts";
import { MigrationPart } from "./migration.ts";
import { DeadlineAction } from "./movement.ts";

/** Seconds from the migrate command. */
const Seconds = z.number();

/** A part of a migration in several steps. */
export const Part = z.strictObject({
  part: MigrationPart,
  start: Seconds.nullable().describe("null: its beginning is not recorded"),
  end: Seconds.nullable().describe("null: it did not end"),
});
export type Part = z.infer<typeof Part>;

/** The deadline had come and the migration had not ended. */
export const Late = z.strictObject({
  action: DeadlineAction.describe("what was done then"),
  t: Seconds,
  deadline: z.number().describe("seconds, as the scenario has it"),
  grace: z.number().describe("seconds that the action had, as the scenario has it"),
  why: z.string().describe("what was left at the deadline and how fast it changed, as the hypervisor said"),
  ended: Seconds.nullable().describe("null: the end is not recorded"),
  how: z.enum(["completed", "failed", "cancelled"]).nullable(),
  helped: z.boolean().describe("the migration completed, which it had not done before"),
});
export type Late = z.infer<typeof Late>;

/** A post-copy that broke was connected again. */
export const Recovery = z.strictObject({
  t: Seconds,
  broken: Seconds.nullable().describe("when the hypervisor said that it broke; null: it did not say"),
});
export type Recovery = z.infer<typeof Recovery>;

/** Whether the blocks of the image that nobody ever wrote to were sent, and whether they are still holes. */
export const Sparse = z.strictObject({
  travelled: z.boolean().nullable().describe("the holes were sent; null: not known"),
  kept: z.boolean().nullable().describe("they are holes at the destination too; null: not known"),
  text: z.string().describe("a sentence with the numbers"),
  virtualSize: Measurement,
  before: Measurement.describe("allocated blocks of the image at the source, before"),
  after: Measurement.describe("allocated blocks of the image at the destination, after"),
  sent: Measurement.describe("bytes of disk that travelled"),
});
export type Sparse = z.infer<typeof Sparse>;

import { z } from "zod";

/** Who answered a probe, or where it was lost. */
export const ProbeFate = z.enum([
  "answered-by-source",
  "answered-by-destination",
  "held",
  "lost-at-source",
  "lost-at-destination",
  "lost-elsewhere",
  "answered",
  "lost",
  "not-sent",
]);
export type ProbeFate = z.infer<typeof ProbeFate>;

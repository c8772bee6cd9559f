import type { PassRecord } from "../model/run.ts";
import type { Counting } from "./counting.ts";
import type { DiskData } from "./disk-data.ts";
import type { GuestWork } from "./guest-work.ts";
import type { Instruments } from "./instruments.ts";
import type { Moving } from "./moving.ts";
import type { PassFiles } from "./pass-files.ts";
import type { PassOptions } from "./pass-options.ts";
import type { Statistics } from "./statistics.ts";

/** What a pass is made of. */
export interface PassParts {
  readonly options: PassOptions;
  readonly files: PassFiles;
  readonly work: GuestWork;
  readonly data: DiskData;
  readonly moving: Moving;
  readonly statistics: Statistics;
  readonly counting: Counting;
  readonly instruments: Instruments;
  /** What phases leave for the record. */
  readonly noted: { invalid: string[]; warnings: string[]; oldCopy?: PassRecord["oldCopy"] };
}

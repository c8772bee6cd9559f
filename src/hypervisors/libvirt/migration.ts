/** One migration as its parts see it, and noting the end of its command. */
import type { HostRole } from "../../model/machines.ts";
import type { MigrationReport } from "../../model/migration.ts";
import type { Status } from "../../model/run.ts";
import type { RunningCommand } from "../../remote/machine.ts";
import type { MigrationRequest } from "../contract.ts";
import type { NativeSettings } from "../qemu/native.ts";
import type { Ports } from "./destination.ts";
import type { Definitions } from "./replug.ts";
import type { Virsh } from "./virsh/virsh.ts";
import type { MigrationWatch } from "./watch.ts";

export interface Ended {
  readonly status: Status;
  readonly reason?: string;
  readonly report: MigrationReport;
  readonly runsOn: HostRole | null;
}

export interface Migration {
  readonly domain: string;
  readonly virsh: Readonly<Record<HostRole, Virsh>>;
  readonly from: HostRole;
  readonly to: HostRole;
  readonly watch: MigrationWatch;
  readonly request: MigrationRequest;
  /** Seconds of the deadline that are left when the command is issued. */
  readonly left: number;
  /** Arguments of `virsh migrate`. */
  readonly command: readonly string[];
  /** Files that the command names, where the hosts' networks are called otherwise. */
  readonly definitions?: Definitions;
  /** The destination's ports that carry memory and the disk. */
  readonly ports: Ports;
  /** What QEMU's throttling had before it was held back until the deadline. */
  readonly throttle?: NativeSettings;
  /** Of the command that is running. */
  readonly said: CommandEnd;
}

/** What became of the command: changes while the migration runs. */
export interface CommandEnd {
  /** `undefined` while it runs, or while the migration runs on without it. */
  exitCode?: number;
  words: string;
  /** The one that was issued last: what became of an earlier one does not count any more. */
  running?: RunningCommand;
}

/** The command has ended. */
export const isOver = ({ said }: Pick<Migration, "said">): boolean => said.exitCode !== undefined;

/** Notes the end of the command, and tells the observer when the migration is complete. */
export function ended({ watch, said }: Pick<Migration, "watch" | "said">, exitCode: number, words: string): void {
  if (exitCode === 0) {
    watch.partEnded("memory");
    watch.did("completed");
  }
  watch.noted(() => {
    said.words = words;
    said.exitCode = exitCode;
  });
}

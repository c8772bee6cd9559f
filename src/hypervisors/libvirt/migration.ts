/** One migration as its parts see it, and issuing its command. */
import type { HostRole } from "../../model/machines.ts";
import type { MigrationReport } from "../../model/migration.ts";
import type { Status } from "../../model/run.ts";
import type { MigrationRequest } from "../contract.ts";
import type { NativeSettings } from "../qemu/native.ts";
import type { Ports } from "./destination.ts";
import { libvirtWords, type Virsh } from "./virsh.ts";
import type { MigrationWatch } from "./watch.ts";

/** What ssh(1) exits with when the connection breaks: the migration goes on without us. */
const CONNECTION_FAILED = 255;

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
  /** Arguments of `virsh migrate`. */
  readonly command: readonly string[];
  /** The destination's ports that carry memory and the disk. */
  readonly ports: Ports;
  /** What QEMU's throttling had before it was held back until the deadline. */
  readonly throttle?: NativeSettings;
  /** Of the command that is running. */
  readonly said: CommandEnd;
}

/** What became of the command: changes while the migration runs. */
export interface CommandEnd {
  /** `undefined` while it runs; `null`: it was ended by a signal, or our connection was. */
  exitCode?: number | null;
  words: string;
}

/** Starts a `virsh migrate` on the source; `said` follows it. */
export async function issue(migration: Migration, command: readonly string[]): Promise<void> {
  const { virsh, from, watch, said } = migration;
  watch.commanded();
  const running = await virsh[from].start(command);
  delete said.exitCode;
  let output = "";
  running.onLine((_stream, line) => {
    output = `${output}${line}\n`.slice(-4000);
  });
  void running.ended.then(({ exitCode }) => {
    if (exitCode === 0) {
      watch.partEnded("memory");
      watch.did("completed");
    }
    watch.noted(() => {
      said.words = libvirtWords(output);
      said.exitCode = exitCode === CONNECTION_FAILED ? null : exitCode;
    });
  });
}

/** The command has ended. */
export const isOver = ({ said }: Pick<Migration, "said">): boolean => said.exitCode !== undefined;

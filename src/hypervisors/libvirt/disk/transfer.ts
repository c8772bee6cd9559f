/** A file from one host to the other, over the migration network, by the hosts' own scp or rsync. */
import { isIPv6 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ColdOptions } from "../../../model/movement.ts";
import type { MigrationSettings } from "../../../model/settings.ts";
import type { Machine } from "../../../remote/machine.ts";
import type { LibvirtHost } from "../host.ts";
import { runStoppable } from "./stoppable.ts";

export interface Transfer {
  readonly from: Machine;
  readonly to: Machine;
  /** How the sending host reaches the receiving one. */
  readonly ssh: LibvirtHost["ssh"];
  readonly family?: MigrationSettings["family"];
  readonly copy: ColdOptions["copy"];
  /** Path of the file, the same on both hosts. */
  readonly path: string;
}

/** Seconds between looks at how far it has come. */
const LOOK_EVERY = 1;

/**
 * Whole, whatever the receiver has under that name. scp fills holes with zeroes; rsync makes holes of zeroes where it writes.
 * Both read and send every byte of the file: holes travel as zeroes.
 * @param progress is told how many bytes have arrived. @throws MigrascopeError COMMAND_FAILED, CANCELLED.
 */
export async function transfer(
  options: Transfer,
  signal: AbortSignal,
  progress: (bytes: number) => void = () => {},
): Promise<void> {
  const over = new AbortController();
  const looking = look(options.to, options.path, progress, over.signal);
  try {
    await runStoppable(options.from, transferCommand(options), signal);
  } finally {
    over.abort();
    await looking;
  }
}

/** Host key checking stays on, nobody is asked for anything, and a cut connection is noticed after some 20 s. */
const SSH_OPTIONS = ["BatchMode=yes", "StrictHostKeyChecking=yes", "ServerAliveInterval=5", "ServerAliveCountMax=3"];

export function transferCommand({ ssh, family, copy, path }: Omit<Transfer, "from" | "to">): string[] {
  const options = SSH_OPTIONS.flatMap((option) => ["-o", option]);
  const version = family === undefined ? [] : [family === "ipv6" ? "-6" : "-4"];
  const host = isIPv6(ssh.host) ? `[${ssh.host}]` : ssh.host;
  const target = `${ssh.user}@${host}:${path}`;
  if (copy === "scp") return ["scp", "-q", "-B", ...version, ...options, "-P", String(ssh.port), "--", path, target];
  const shell = ["ssh", ...version, ...options, "-p", String(ssh.port)].join(" ");
  // --inplace: an interrupted rsync leaves no file under a name that nobody knows.
  return ["rsync", "--sparse", "--inplace", "--whole-file", "--protect-args", "--rsh", shell, "--", path, target];
}

async function look(
  machine: Machine,
  path: string,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(LOOK_EVERY * 1000, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const { stdout } = await machine.run(["stat", "--format=%s", "--", path]).catch(() => ({ stdout: "" }));
    if (stdout.trim() !== "" && !signal.aborted) progress(Number(stdout));
  }
}

/** The hosts as machines behind SSH, each over one shared connection. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostsTestbed, SshAccess } from "../model/hosts.ts";
import type { HostRole } from "../model/machines.ts";
import type { Machine } from "../remote/machine.ts";
import { closeShared, type SshTarget, sshMachine } from "../remote/ssh.ts";

export const ROLES = ["source", "destination"] as const satisfies readonly HostRole[];
/** One thing per host. */
export const perHost = <T>(make: (role: HostRole) => T): Record<HostRole, T> => ({
  source: make("source"),
  destination: make("destination"),
});

/** As `perHost`, for both at once. @throws what the first of them threw. */
export async function perHostAsync<T>(make: (role: HostRole) => Promise<T>): Promise<Record<HostRole, T>> {
  const [source, destination] = await Promise.all([make("source"), make("destination")]);
  return { source, destination };
}

/** Seconds between signs of life: a host that died is known as dead after three. */
const KEEP_ALIVE = 5;

export interface OpenHosts extends AsyncDisposable {
  readonly machines: Readonly<Record<HostRole, Machine>>;
  /** A directory of ours for sockets, gone when the hosts are closed. */
  readonly directory: string;
}

/** No connection is made before the first command. Closing ends the connections. */
export async function openHosts(testbed: Pick<HostsTestbed, "hosts">): Promise<OpenHosts> {
  // Short: the path of a socket has 107 bytes at most.
  const directory = await mkdtemp(join(tmpdir(), "mss-"));
  const targets = perHost((role) => sshTarget(testbed.hosts[role].ssh, join(directory, role)));
  return {
    directory,
    machines: perHost((role) => sshMachine(role, targets[role])),
    [Symbol.asyncDispose]: async () => {
      await perHostAsync((role) => closeShared(targets[role]));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const sshTarget = (ssh: SshAccess, controlPath: string): SshTarget => ({
  host: ssh.host,
  user: ssh.user,
  port: ssh.port,
  ...(ssh.keyFile !== undefined && { keyFile: ssh.keyFile }),
  ...(ssh.knownHostsFile !== undefined && { knownHostsFile: ssh.knownHostsFile }),
  controlPath,
  keepAlive: KEEP_ALIVE,
});

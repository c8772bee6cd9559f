import { machineOver } from "./command.ts";
import { localMachine } from "./local.ts";
import type { Machine } from "./machine.ts";
import { shellQuote } from "./shell.ts";

export interface SshTarget {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** Private key; without it the agent and the user's own configuration decide. */
  readonly keyFile?: string;
  /** Host keys that are accepted; checking is always strict. Without it the user's own known_hosts. */
  readonly knownHostsFile?: string;
  /** Socket of a shared connection. It saves a key exchange per command, which matters on an emulated guest. */
  readonly controlPath?: string;
  /** Seconds until connecting counts as failed. */
  readonly connectTimeout?: number;
  /** Seconds between signs of life; three that are missed end the connection. Not for a guest, which may stand still. */
  readonly keepAlive?: number;
}

/**
 * Keeps a command for as long as the connection's input is open, and ends it when that closes: a killed SSH client
 * would leave its remote command running otherwise. The input is kept as descriptor 3, since shells give what runs in the
 * background an empty descriptor 0.
 */
export const KEEPER = [
  `exec 3<&0; "$@" </dev/null 3<&- & child=$!`,
  `(trap 'kill "$reader"; exit' TERM; cat <&3 & reader=$!; wait "$reader"; kill "$child") >/dev/null 2>&1 & watcher=$!`,
  `wait "$child"; status=$?; kill "$watcher" 2>/dev/null; exit "$status"`,
].join("\n");

/** A machine behind OpenSSH. */
export function sshMachine(name: string, target: SshTarget): Machine {
  const client = [
    "ssh",
    "-o",
    "BatchMode=yes",
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    `ConnectTimeout=${target.connectTimeout ?? 10}`,
  ];
  if (target.keyFile !== undefined) client.push("-i", target.keyFile, "-o", "IdentitiesOnly=yes");
  if (target.knownHostsFile !== undefined)
    client.push("-o", `UserKnownHostsFile=${target.knownHostsFile}`, "-o", "GlobalKnownHostsFile=/dev/null");
  if (target.controlPath !== undefined)
    client.push("-o", "ControlMaster=auto", "-o", `ControlPath=${target.controlPath}`, "-o", "ControlPersist=30");
  if (target.keepAlive !== undefined) client.push("-o", `ServerAliveInterval=${target.keepAlive}`);
  if (target.port !== undefined) client.push("-p", String(target.port));
  if (target.user !== undefined) client.push("-l", target.user);
  client.push("--", target.host);
  return machineOver({
    name,
    elsewhere: true,
    stopsBy: "closed-input",
    wrap: (argv, { env, longLived }) => {
      const assignments = Object.entries(env).map(([key, value]) => `${key}=${value}`);
      const command = assignments.length > 0 ? ["env", ...assignments, ...argv] : argv;
      const whole = longLived ? ["sh", "-c", KEEPER, "keeper", ...command] : command;
      return [...client, whole.map(shellQuote).join(" ")];
    },
  });
}

/** Ends the shared connection, if there is one. Never fails. */
export async function closeShared(target: SshTarget): Promise<void> {
  if (target.controlPath === undefined) return;
  await localMachine()
    .run(["ssh", "-O", "exit", "-o", `ControlPath=${target.controlPath}`, "--", target.host])
    .catch(() => undefined);
}

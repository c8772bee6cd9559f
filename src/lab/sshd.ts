/** SSH between the lab's machines: one key pair of the lab's own, a host key for each machine, and its server. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { localMachine } from "../remote/local.ts";
import { startDaemon } from "./daemons.ts";
import { LAB_MARK } from "./directory.ts";
import type { BareLab } from "./init.ts";
import { addressesOf, namesOf } from "./names.ts";
import { FURNISHED, type Furnished, ownFile, readOwnFile, writeOwnFile } from "./own-files.ts";

export const SSH_PORT = 22;
const HOST_KEY = "/etc/ssh/ssh_host_ed25519_key";
/** With it the machines log in to each other. */
const OWN_KEY = "/etc/ssh/lab_key";
const AUTHORIZED = "/etc/ssh/authorized_keys";

/** What the benchmark server needs to log in to the machines as root. */
export const sshFiles = (directory: string): { keyFile: string; knownHostsFile: string } => ({
  keyFile: join(directory, "ssh", "key"),
  knownHostsFile: join(directory, "ssh", "known_hosts"),
});

const makeKey = async (file: string, comment: string): Promise<void> =>
  void (await localMachine().run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]));

/** Makes all keys and tells every machine of all others. Before the servers are started. */
export async function giveKeys(lab: BareLab): Promise<void> {
  const { keyFile, knownHostsFile } = sshFiles(lab.directory);
  mkdirSync(join(lab.directory, "ssh"), { recursive: true, mode: 0o700 });
  await makeKey(keyFile, "migrascope-lab");
  for (const machine of FURNISHED) await makeKey(ownFile(lab, machine, HOST_KEY), machine);
  const known = FURNISHED.map((machine) => {
    const key = readOwnFile(lab, machine, `${HOST_KEY}.pub`).trim();
    return `${[...namesOf(machine), ...addressesOf(machine)].join(",")} ${key}\n`;
  }).join("");
  writeFileSync(knownHostsFile, known);
  for (const machine of FURNISHED) {
    const write = (path: string, text: string, mode?: number): void => writeOwnFile(lab, machine, path, text, mode);
    write(OWN_KEY, readFileSync(keyFile, "utf8"), 0o600);
    write(AUTHORIZED, readFileSync(`${keyFile}.pub`, "utf8"));
    write("/etc/ssh/ssh_known_hosts", known);
    write("/etc/ssh/ssh_config", CLIENT);
    write("/etc/ssh/sshd_config", server(lab.directory));
  }
}

/** Nothing is ever learned from a server that is met for the first time. */
const CLIENT = `Host *
  IdentityFile ${OWN_KEY}
  IdentitiesOnly yes
  StrictHostKeyChecking yes
  UpdateHostKeys no
  BatchMode yes
`;

/** Keys only. What a session starts carries the lab's mark, as every process of the lab does. */
const server = (directory: string): string => `Port ${SSH_PORT}
HostKey ${HOST_KEY}
AuthorizedKeysFile ${AUTHORIZED}
PermitRootLogin prohibit-password
AuthenticationMethods publickey
UsePAM no
UseDNS no
MaxStartups 100
MaxSessions 100
PrintMotd no
Subsystem sftp internal-sftp
SetEnv ${LAB_MARK}=${directory}
`;

/** Its path must be absolute: it executes itself anew. @throws MigrascopeError LAB_BROKEN with the end of its log. */
export const startSshd = (lab: BareLab, machine: Furnished): Promise<void> =>
  startDaemon(lab, machine, "sshd", ["sh", "-c", 'exec "$(command -v sshd)" -E /run/sshd.log']);

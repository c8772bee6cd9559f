/** What an SSH client's last words mean, and what mends it. */
import type { SshAccess } from "../model/hosts.ts";

export interface SshFailure {
  readonly detail: string;
  readonly mend: string;
}

type Access = Pick<SshAccess, "host" | "port" | "user" | "keyFile" | "knownHostsFile">;

const login = ({ host, port, user }: Access): string => `${port === 22 ? "" : `-p ${port} `}${user}@${host}`;
const knownHosts = ({ knownHostsFile }: Access): string => knownHostsFile ?? "~/.ssh/known_hosts";
const scan = (access: Access): string =>
  `ssh-keyscan -p ${access.port} ${access.host}, compare with \`ssh-keygen -lf\` of the host's own key there, then add it to ${knownHosts(access)}`;

/** The words of OpenSSH's client, and what each means. The first that fits is taken. */
const MEANINGS: readonly (readonly [RegExp, string, (access: Access) => string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/u,
    "the host shows another key than the one that is known: another machine, or one installed anew",
    (access) => `find out why; then ssh-keygen -f ${knownHosts(access)} -R ${access.host} and ${scan(access)}`,
  ],
  [/Host key verification failed|No .* host key is known/u, "the host's key is not known", scan],
  [
    /Permission denied|Too many authentication failures/u,
    "the host refuses the key",
    (access) =>
      `ssh-copy-id ${access.keyFile === undefined ? "" : `-i ${access.keyFile} `}${login(access)}, or give the right ssh.user and ssh.keyFile`,
  ],
  [
    /UNPROTECTED PRIVATE KEY|bad permissions/u,
    "others may read the private key, so that ssh does not use it",
    ({ keyFile }) => `chmod 600 ${keyFile ?? "the key"}`,
  ],
  [/Could not resolve hostname/u, "nobody knows that name", () => "correct ssh.host, or write its address"],
  [
    /Connection refused/u,
    "no SSH server listens there",
    ({ port }) => `start sshd on the host, or correct ssh.port (${port})`,
  ],
  [
    /timed out|No route to host|Network is unreachable/u,
    "the host does not answer",
    ({ host }) => `ping ${host}: is it on, and is a firewall between?`,
  ],
];

/** @param said whatever the client (or a program that used it) wrote. `undefined`: it does not speak of SSH. */
export function explainSsh(said: string, access: Access): SshFailure | undefined {
  const meaning = MEANINGS.find(([words]) => words.test(said));
  return meaning && { detail: meaning[1], mend: meaning[2](access) };
}

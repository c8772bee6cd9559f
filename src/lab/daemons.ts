/** The servers on the machines of a lab with libvirt: where each listens, and waiting for it. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { MigrascopeError } from "../model/errors.ts";
import { LAB_MARK } from "./directory.ts";
import { type BareLab, runOn } from "./init.ts";
import { listensOn } from "./outside.ts";
import { type Furnished, ownFile } from "./own-files.ts";

/** Seconds until a server that does not listen counts as failed. */
const DEADLINE = 30;

/** A server has nothing of the environment of whoever built the lab. */
const SERVER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

interface Daemon {
  readonly name: string;
  readonly port: number;
  /** As its machine sees it. */
  readonly log: string;
}

const SSHD: Daemon = { name: "sshd", port: 22, log: "/run/sshd.log" };
const LIBVIRTD: Daemon = { name: "libvirtd", port: 16514, log: "/var/log/libvirt/libvirtd.log" };

/** In the order in which they are started. */
export const DAEMONS: Readonly<Record<Furnished, readonly Daemon[]>> = {
  source: [SSHD, LIBVIRTD],
  destination: [SSHD, LIBVIRTD],
  nas: [
    SSHD,
    { name: "rpcbind", port: 111, log: "/run/rpcbind.log" },
    { name: "ganesha.nfsd", port: 2049, log: "/run/ganesha.log" },
    { name: "tgtd", port: 3260, log: "/run/tgtd.log" },
  ],
};

/**
 * Starts a server that detaches itself and becomes a child of the lab's init process, and waits until it listens.
 * @throws MigrascopeError LAB_BROKEN with the end of its log.
 */
export async function startDaemon(
  lab: BareLab,
  machine: Furnished,
  name: string,
  argv: readonly string[],
): Promise<void> {
  const { log, port } = DAEMONS[machine].find((one) => one.name === name)!;
  const failed = (what: string, cause?: unknown): MigrascopeError => {
    const said = logEnd(ownFile(lab, machine, log));
    return new MigrascopeError("LAB_BROKEN", `${name} ${what}: ${said}`, { where: machine, cause });
  };
  const environment = [`PATH=${SERVER_PATH}`, `${LAB_MARK}=${lab.directory}`];
  await runOn(lab, machine, ["env", "--ignore-environment", ...environment, ...argv]).catch((error: Error) => {
    throw failed(`does not start (${error.message})`, error);
  });
  const deadline = performance.now() + DEADLINE * 1000;
  while (!listensOn(lab, lab.machines[machine]!, port)) {
    if (performance.now() > deadline) throw failed(`does not listen on port ${port}`);
    await sleep(20);
  }
}

function logEnd(file: string): string {
  try {
    return readFileSync(file, "utf8").trim().slice(-1000);
  } catch {
    return "it has written no log";
  }
}

/** The machine's servers that do not listen. Reads files only; called from outside. */
export const silentDaemons = (lab: BareLab, machine: Furnished): string[] =>
  DAEMONS[machine].filter(({ port }) => !listensOn(lab, lab.machines[machine]!, port)).map(({ name }) => name);

/** What lies on the disks of the machines that have disks of their own: hosts under libvirt, and the NAS. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory } from "../guest/cache.ts";
import { MigrascopeError } from "../model/errors.ts";
import { type BareLab, runOn } from "./init.ts";
import { hostsFile } from "./names.ts";
import { outsidePath } from "./outside.ts";
import { HOSTS } from "./topology.ts";

/** The machines that have files of their own. */
export const FURNISHED = [...HOSTS, "nas"] as const;
export type Furnished = (typeof FURNISHED)[number];

const SCRIPT = fileURLToPath(new URL("./own-files.sh", import.meta.url));
/** Where this program lies: what it runs on the machines lies below. */
const PROGRAM = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/u, "");

/** A file of the machine's, for whoever is outside of the lab. @param path as the machine sees it, without links on the way. */
export const ownFile = (lab: BareLab, machine: Furnished, path: string): string =>
  join(outsidePath(lab, lab.machines[machine]!, "root"), path);

/** Writes one of the machine's files, from outside of the lab. Its directory must be there. @throws MigrascopeError LAB_BROKEN */
export function writeOwnFile(lab: BareLab, machine: Furnished, path: string, text: string, mode = 0o644): void {
  const file = ownFile(lab, machine, path);
  attempt(machine, () => {
    rmSync(file, { force: true }); // It may be a link to somewhere else.
    writeFileSync(file, text, { mode });
  });
}

/** Reads one of the machine's files, from outside of the lab. @throws MigrascopeError LAB_BROKEN */
export const readOwnFile = (lab: BareLab, machine: Furnished, path: string): string =>
  attempt(machine, () => readFileSync(ownFile(lab, machine, path), "utf8"));

/** A machine that has just been killed has no files any more. */
function attempt<T>(machine: Furnished, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new MigrascopeError("LAB_BROKEN", (cause as Error).message, { where: machine, cause });
  }
}

/** Gives the machine its own /etc, /run, /tmp and state of its services. @throws MigrascopeError COMMAND_FAILED */
export async function furnish(lab: BareLab, machine: Furnished): Promise<void> {
  mkdirSync(cacheDirectory(), { recursive: true });
  const shared = [lab.directory, cacheDirectory(), PROGRAM];
  await runOn(lab, machine, ["sh", SCRIPT, join(lab.directory, "machines", machine), ...shared]);
  writeOwnFile(lab, machine, "/etc/hostname", `${machine}\n`);
  writeOwnFile(lab, machine, "/etc/hosts", hostsFile());
  writeOwnFile(lab, machine, "/etc/resolv.conf", ""); // There is nobody to ask.
  writeOwnFile(lab, machine, "/etc/machine-id", `${randomBytes(16).toString("hex")}\n`);
  // A locked account is refused by an SSH server without PAM, even with a key.
  const shadow = readOwnFile(lab, machine, "/etc/shadow");
  writeOwnFile(lab, machine, "/etc/shadow", shadow.replace(/^root:[^:]*:/mu, "root:*:"), 0o600);
}

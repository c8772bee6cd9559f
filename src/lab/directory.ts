/** Where labs keep their files. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { MigrascopeError } from "../model/errors.ts";
import { Name } from "../model/machines.ts";

/**
 * Sockets of the lab (a hypervisor's monitor, an SSH control socket) lie up to this many bytes below the lab's directory,
 * and the kernel's limit for the path of a socket is 107 bytes.
 */
const ROOM_FOR_SOCKETS = 40;
const SOCKET_PATH_LIMIT = 107;

/** The environment variable that every process of a lab carries; its value is the lab's directory. */
export const LAB_MARK = "MIGRASCOPE_LAB";

/** The directory of everything that is not a result: `MIGRASCOPE_STATE`, else the user's state directory. */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.MIGRASCOPE_STATE) return resolve(env.MIGRASCOPE_STATE);
  return join(env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "migrascope");
}

/** The directory that holds one directory per lab. */
export const labsDirectory = (env: NodeJS.ProcessEnv = process.env): string => join(stateDirectory(env), "labs");

/** @throws MigrascopeError CONFIG_INVALID when the name is none, or when sockets below the directory would get too long a path. */
export function labDirectory(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const checked = Name.safeParse(name);
  if (!checked.success)
    throw new MigrascopeError("CONFIG_INVALID", `"${name}" is no name for a lab: ${checked.error.issues[0]!.message}`);
  const directory = join(labsDirectory(env), name);
  const length = Buffer.byteLength(directory);
  const limit = SOCKET_PATH_LIMIT - ROOM_FOR_SOCKETS;
  if (length > limit) {
    throw new MigrascopeError(
      "CONFIG_INVALID",
      `the lab's directory ${directory} is ${length} bytes long; sockets below it allow ${limit}: set MIGRASCOPE_STATE to a shorter path`,
      { where: directory },
    );
  }
  return directory;
}

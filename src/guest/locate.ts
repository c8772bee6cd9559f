/** Finding commands where distributions put them. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian leaves these out of an ordinary user's PATH, although most of what is in them needs no privilege to be run. */
const SYSTEM = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** A PATH for processes that run such commands by name. */
export const systemPath = (path: string = process.env.PATH ?? ""): string =>
  [...new Set([...path.split(delimiter), ...SYSTEM])].filter((directory) => directory !== "").join(delimiter);

/** @returns the path of the command, or undefined when it is not installed. */
export function locate(command: string, path: string = process.env.PATH ?? ""): string | undefined {
  return systemPath(path)
    .split(delimiter)
    .map((directory) => join(directory, command))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** One change of a lab at a time, across processes; a killed holder lets go. */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { MigrascopeError } from "../model/errors.ts";

export interface LabLock extends Disposable {
  /** Removes the lock's file too, and the directory of all labs if nothing else is in it. */
  remove(): void;
}

/**
 * Takes the lock of the lab in `directory`. It is an flock on a file beside the directory, held by this process's open
 * file: the kernel releases it however the process ends. A process that is just being started holds it as well until its
 * exec, so whoever gets the lock after a kill finds every process of the lab with the lab's mark in its environment.
 *
 * @param wait seconds to wait for another process.
 * @throws MigrascopeError LAB_BUSY when the wait was in vain.
 */
export async function lockLab(directory: string, wait = 120): Promise<LabLock> {
  const path = `${directory}.lock`;
  for (;;) {
    const fd = openLock(path);
    if (!(await flock(fd, wait))) {
      closeSync(fd);
      throw new MigrascopeError("LAB_BUSY", `another process has been changing this lab for ${wait} s`, {
        where: directory,
      });
    }
    if (sameFile(fd, path)) return lockOver(fd, path);
    closeSync(fd); // The former holder removed the file while we waited: what we locked is nobody's lock any more.
  }
}

function openLock(path: string): number {
  for (;;) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    try {
      return openSync(path, "a", 0o600);
    } catch (error) {
      // Another `lab down` may remove the empty directory between the two calls.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

function sameFile(fd: number, path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return file !== undefined && file.ino === ours.ino && file.dev === ours.dev;
}

/** The lock belongs to the open file, which flock(1) shares with us: it stays when flock(1) has ended. */
function flock(fd: number, wait: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", ["--exclusive", "--timeout", String(wait), "3"], {
      stdio: ["ignore", "ignore", "ignore", fd],
    });
    child.once("error", (error) => reject(new MigrascopeError("PACKAGES_MISSING", error.message, { cause: error })));
    child.once("exit", (code) => resolve(code === 0));
  });
}

function lockOver(fd: number, path: string): LabLock {
  let open = true;
  const release = (): void => {
    if (open) closeSync(fd);
    open = false;
  };
  return {
    [Symbol.dispose]: release,
    remove: () => {
      unlinkSync(path);
      release();
      try {
        rmdirSync(dirname(path));
      } catch {
        // Other labs live there.
      }
    },
  };
}

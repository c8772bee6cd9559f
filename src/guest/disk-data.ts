/**
 * A file of random data on the guest's disk, and whether it is still what it was. The data is the guest kernel's own, since
 * an emulated guest makes it faster (70 MB/s) than it takes it over SSH: no two trials have the same.
 */
import { asMigrascopeError, MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";

/** Bytes per second that even an emulated guest writes, and reads while it hashes. With SHA-256 one was seen to do 60e6. */
const SLOWEST = 2e6;
/** Seconds that asking takes at most, whatever the file's size. */
const ASKING = 60;
const LONGEST = 7 * 24 * 3600;

/** Seconds until writing or reading so many bytes counts as stuck. */
export const diskPatience = (bytes: number): number => Math.min(ASKING + bytes / SLOWEST, LONGEST);

/** What the script below exits with when the data cannot be where it is to be. */
const REFUSED = 4;
/**
 * Arguments: file, bytes. Past the page cache where the file system can: the data would fill the guest's memory otherwise,
 * and the migration would have to move it.
 */
const FILL = `
umask 077
directory="$(dirname "$1")"
rm -f "$1"
set -- "$1" "$2" $(df -P -k "$directory" | tail -n 1)
case "$3" in
  /dev/*) ;;
  *) echo "$directory is on no disk but on $3" >&2; exit ${REFUSED} ;;
esac
[ "$(($6 * 1024))" -gt "$2" ] || { echo "$directory has room for $(($6 * 1024)) bytes" >&2; exit ${REFUSED}; }
put() { dd if=/dev/urandom of="$1" bs=1M count="$2" iflag=count_bytes,fullblock $3 2>&1; }
why="$(put "$1" "$2" oflag=direct)" || why="$(put "$1" "$2")" || { rm -f "$1"; echo "$why" >&2; exit 1; }
sync`;

/**
 * Argument: file. What the disk has, not what memory still holds of it: read past the page cache, or, where the file system
 * cannot, after the cache was dropped, which only root may.
 */
const SUM = `
sync
if dd if="$1" of=/dev/null bs=1M count=1 iflag=direct 2>/dev/null; then
  exec 4>&1
  status="$({ { dd if="$1" bs=1M iflag=direct 2>/dev/null; echo "$?" >&3; } | sha256sum >&4; } 3>&1)"
  [ "$status" = 0 ] || { echo "$1 could not be read" >&2; exit 1; }
else
  echo 3 >/proc/sys/vm/drop_caches && sha256sum <"$1"
fi`;

/**
 * Writes the file anew and returns when it is on the disk.
 * @throws MigrascopeError WORKLOAD_REFUSED when there is no room for it, or no disk under the directory;
 * COMMAND_FAILED, DEADLINE_EXCEEDED, CANCELLED.
 */
export async function fillFile(guest: Machine, file: string, bytes: number, signal: AbortSignal): Promise<void> {
  const argv = ["sh", "-c", FILL, "sh", file, String(bytes)];
  await guest.run(argv, { signal, timeout: diskPatience(bytes) }).catch((error: unknown) => {
    const { message, exitCode } = asMigrascopeError(error);
    if (exitCode !== REFUSED) throw error;
    const why = message.slice(message.lastIndexOf(": ") + 2);
    throw new MigrascopeError("WORKLOAD_REFUSED", `${bytes} bytes of data cannot be put on the guest's disk: ${why}`, {
      where: guest.name,
      cause: error,
    });
  });
}

/**
 * SHA-256 of what the disk has of the file, in hexadecimal digits.
 * @param bytes of the file.
 * @throws MigrascopeError COMMAND_FAILED, also when the guest cannot read past its memory; DEADLINE_EXCEEDED, CANCELLED.
 */
export async function sumOfFile(guest: Machine, file: string, bytes: number, signal: AbortSignal): Promise<string> {
  const { stdout } = await guest.run(["sh", "-c", SUM, "sh", file], { signal, timeout: diskPatience(bytes) });
  const sum = /^[0-9a-f]{64}/u.exec(stdout)?.[0];
  if (sum !== undefined) return sum;
  throw new MigrascopeError("COMMAND_FAILED", `the guest gave no SHA-256 of ${file}, but: ${stdout.trim()}`, {
    where: guest.name,
  });
}

/** @param timeout seconds. @throws MigrascopeError COMMAND_FAILED when the guest does not answer. */
export async function removeFile(guest: Machine, file: string, timeout: number): Promise<void> {
  await guest.run(["rm", "-f", file], { timeout });
}

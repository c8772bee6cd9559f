/** Bringing the agent into a guest: once, however often it is asked for. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MigrascopeError } from "../model/errors.ts";
import type { Machine } from "../remote/machine.ts";
import { agentBinary, architectureOf } from "./binary.ts";

/** Seconds that copying may take: an emulated guest behind SSH needs one. */
const COPY_TIMEOUT = 60;

/** Where it may lie, the first that can be written to and run from: what survives a reboot first. */
const PLACES = "/var/tmp /tmp /run /dev/shm";

/** Prints where the agent of this name is, if it is there whole. Arguments: name, sha256. */
const FIND = `
for place in ${PLACES}; do
  file="$place/$1"
  [ -x "$file" ] || continue
  [ "$(sha256sum "$file" | cut -d " " -f 1)" = "$2" ] && "$file" version >/dev/null && echo "$file" && exit 0
done
exit 0`;

/** Puts standard input there, under its name only when it is whole, and prints where. Arguments: name. */
const PUT = `
umask 077
whole=
for place in ${PLACES}; do
  [ -d "$place" ] || continue
  file="$place/$1"
  new="$file.$$"
  if [ -z "$whole" ]; then cat >"$new" 2>/dev/null && whole="$new"; else cat "$whole" >"$new" 2>/dev/null; fi || {
    rm -f "$new"
    continue
  }
  chmod 700 "$new"
  if "$new" version >/dev/null 2>&1; then
    mv "$new" "$file"
    [ "$whole" = "$new" ] || rm -f "$whole"
    echo "$file"
    exit 0
  fi
  [ "$whole" = "$new" ] || rm -f "$new"
done
[ -z "$whole" ] || rm -f "$whole"
echo "the agent could not be written to and run from any of ${PLACES}: no space, read-only, or noexec" >&2
exit 1`;

export interface DeliveredAgent {
  /** In the guest. */
  readonly path: string;
  readonly sha256: string;
  /** False when it was there already. */
  readonly copied: boolean;
}

/**
 * Copies the agent for the guest's machine unless a file with its hash is there.
 * @throws MigrascopeError WORKLOAD_REFUSED for a guest of another machine or system, or one without a place for it;
 * PACKAGES_MISSING when it cannot be built; COMMAND_FAILED when the guest does not answer.
 */
export async function deliverAgent(guest: Machine, signal?: AbortSignal): Promise<DeliveredAgent> {
  const options = signal === undefined ? {} : { signal };
  const [system = "", machine = ""] = (await guest.run(["uname", "-s", "-m"], options)).stdout.trim().split(" ");
  if (system !== "Linux")
    throw new MigrascopeError("WORKLOAD_REFUSED", `the guest runs ${system}; the agent exists for Linux only`, {
      where: guest.name,
    });
  const binary = await readFile(await agentBinary(architectureOf(machine)));
  const sha256 = createHash("sha256").update(binary).digest("hex");
  const name = `migrascope-agent-${sha256.slice(0, 16)}`;
  const found = (await guest.run(["sh", "-c", FIND, "sh", name, sha256], options)).stdout.trim();
  if (found !== "") return { path: found, sha256, copied: false };
  const put = guest.run(["sh", "-c", PUT, "sh", name], { ...options, input: binary, timeout: COPY_TIMEOUT });
  const { stdout } = await put.catch((error: unknown) => {
    const { message, code } = error as MigrascopeError;
    if (code !== "COMMAND_FAILED" || !message.includes("could not be written")) throw error;
    throw new MigrascopeError("WORKLOAD_REFUSED", message.slice(message.indexOf("the agent could not")), {
      where: guest.name,
      cause: error,
    });
  });
  return { path: stdout.trim(), sha256, copied: true };
}

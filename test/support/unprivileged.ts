/** Running the checkout as a user without privileges, changing nothing on the machine. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this checkout is. */
export const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

export interface UnprivilegedOptions {
  /** A directory of the test's own that the user may enter; a mount point is made in it. */
  readonly directory: string;
  readonly user: string | number;
  /** Whether the user may open /dev/net/tun: a device node that anyone may open then lies over it. */
  readonly tun: boolean;
  readonly home: string;
}

/**
 * The command that runs a shell script as the user, in a mount namespace of its own, with the checkout at `$checkout`
 * (wherever it really is, and whoever may go there) and the PATH that Debian gives to users.
 */
export function asUnprivileged(script: string, { directory, user, tun, home }: UnprivilegedOptions): string[] {
  const node = join(directory, "tun");
  const checkout = join(directory, "checkout");
  const prepare = [
    `mkdir -p "${checkout}"`,
    `mount --bind "${CHECKOUT}" "${checkout}"`,
    ...(tun ? [`mknod "${node}" c 10 200`, `chmod 666 "${node}"`, `mount --bind "${node}" /dev/net/tun`] : []),
  ].join("; ");
  const become = `setpriv --reuid=${user} --regid=$(id -g ${user} 2>/dev/null || echo ${user}) --clear-groups --inh-caps=-all`;
  const asked = `export HOME="${home}" PATH=/usr/local/bin:/usr/bin:/bin checkout="${checkout}"; cd "${home}"; ${script}`;
  return [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-euc",
    `${prepare}; exec ${become} sh -euc "$1"`,
    "sh",
    asked,
  ];
}

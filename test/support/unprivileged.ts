/** Running the checkout as a user without privileges, changing nothing on the machine. */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this checkout is. */
export const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** The shell command that makes the checkout readable in `directory`, wherever it really is: under /root, say. */
export const bindCheckout = (directory: string): string =>
  `mkdir -p "${join(directory, "checkout")}"; mount --bind "${CHECKOUT}" "${join(directory, "checkout")}"`;

/** Where a file of the checkout is then. */
export const inCheckout = (directory: string, file: string): string =>
  join(directory, "checkout", relative(CHECKOUT, file));

/** Runs a shell script as root in a mount namespace of its own. */
export const inOwnMounts = (script: string): string[] => [
  "unshare",
  "--mount",
  "--propagation",
  "private",
  "sh",
  "-euc",
  script,
];

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
    bindCheckout(directory),
    ...(tun ? [`mknod "${node}" c 10 200`, `chmod 666 "${node}"`, `mount --bind "${node}" /dev/net/tun`] : []),
  ].join("; ");
  const become = `setpriv --reuid=${user} --regid=$(id -g ${user} 2>/dev/null || echo ${user}) --clear-groups --inh-caps=-all`;
  const asked = `export HOME="${home}" PATH=/usr/local/bin:/usr/bin:/bin checkout="${checkout}"; cd "${home}"; ${script}`;
  return [...inOwnMounts(`${prepare}; exec ${become} sh -euc "$1"`), "sh", asked];
}

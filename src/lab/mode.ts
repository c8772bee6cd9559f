/** With which privilege a lab can run here, and what would be needed otherwise. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { systemPath } from "../guest/locate.ts";
import { MigrascopeError } from "../model/errors.ts";
import { localMachine } from "../remote/local.ts";
import { type LabMode, userNamespaceOptions } from "./init.ts";

/** Something that a lab needs and this user does not have, with the command that mends it. */
export interface Lack {
  readonly subject: "namespaces" | "tun";
  readonly what: string;
  readonly mend: string;
}

export interface ModeVerdict {
  /** The mode that this user would use. */
  readonly mode: LabMode;
  /** Empty: it is possible. */
  readonly lacks: readonly Lack[];
}

const TUN = "/dev/net/tun";

/** A trial of the namespaces and of a veth pair in them: some systems allow the one and refuse the other. */
async function namespacesLack(mode: LabMode): Promise<Lack | undefined> {
  const trial = "ip link add trial0 type veth peer name trial1 && ip link set trial0 up";
  const namespaces = ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"];
  try {
    await localMachine().run(["unshare", ...userNamespaceOptions(mode), ...namespaces, "--", "sh", "-c", trial], {
      env: { PATH: systemPath() },
    });
    return undefined;
  } catch (error) {
    const reason = (error as MigrascopeError).message;
    return mode === "root"
      ? {
          subject: "namespaces",
          what: `root may not make namespaces here (${reason})`,
          mend: "run outside of the container, or grant it --privileged",
        }
      : { subject: "namespaces", what: `users may not make namespaces here (${reason})`, mend: mendUserNamespaces() };
  }
}

const sysctl = (name: string): string | undefined => {
  const file = `/proc/sys/${name.replaceAll(".", "/")}`;
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
};

/** Debian's switch, Ubuntu's, and the kernel's own. */
function mendUserNamespaces(): string {
  if (sysctl("kernel.unprivileged_userns_clone") === "0") return "sudo sysctl kernel.unprivileged_userns_clone=1";
  if (sysctl("kernel.apparmor_restrict_unprivileged_userns") === "1")
    return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  if (sysctl("user.max_user_namespaces") === "0") return "sudo sysctl user.max_user_namespaces=10000";
  return "sudo migrascope lab up";
}

function tunLack(): Lack | undefined {
  if (!existsSync(TUN)) return { subject: "tun", what: `${TUN} is missing`, mend: "sudo modprobe tun" };
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return { subject: "tun", what: `${TUN} may not be opened by this user`, mend: `sudo chmod 0666 ${TUN}` };
  }
}

/** Tries it out: nothing is left behind. */
export async function checkMode(): Promise<ModeVerdict> {
  const mode: LabMode = process.geteuid!() === 0 ? "root" : "user-namespace";
  const lacks = [await namespacesLack(mode), tunLack()].filter((lack) => lack !== undefined);
  return { mode, lacks };
}

/** @throws MigrascopeError PRIVILEGE_MISSING naming all that is needed. */
export async function requireMode(): Promise<LabMode> {
  const { mode, lacks } = await checkMode();
  if (lacks.length === 0) return mode;
  const list = lacks.map(({ what, mend }) => `${what}: ${mend}`).join("; ");
  const instead = mode === "root" ? "" : "; or run it as root";
  throw new MigrascopeError("PRIVILEGE_MISSING", `the lab cannot start: ${list}${instead}`);
}

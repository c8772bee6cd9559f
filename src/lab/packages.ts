/** What of Debian or Ubuntu the lab needs, and getting it. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { locate } from "../guest/locate.ts";
import { MigrascopeError } from "../model/errors.ts";
import type { LabHypervisor } from "./topology.ts";

export interface Requirement {
  /** A command, or a file when it begins with a slash. */
  readonly needs: string;
  /** The package that has it, by the same name on Debian and on Ubuntu. */
  readonly package: string;
  readonly why: string;
}

/** In the order in which a reader meets them: the machine, the lab, the guest, the hypervisor, the measurements. */
export const REQUIREMENTS: readonly Requirement[] = [
  { needs: "gcc", package: "gcc", why: "builds the prober" },
  { needs: "make", package: "make", why: "builds the prober" },
  { needs: "/usr/include/stdio.h", package: "libc6-dev", why: "builds the prober" },
  { needs: "ip", package: "iproute2", why: "the lab's networks" },
  { needs: "tc", package: "iproute2", why: "the rate of the lab's links" },
  { needs: "ethtool", package: "ethtool", why: "packets of the lab as large as on a wire" },
  { needs: "unshare", package: "util-linux", why: "the lab's machines" },
  { needs: "nsenter", package: "util-linux", why: "commands on the lab's machines" },
  { needs: "flock", package: "util-linux", why: "one change of a lab at a time" },
  { needs: "hostname", package: "hostname", why: "the names of the lab's machines" },
  { needs: "snmpd", package: "snmpd", why: "the counters of the managed switch" },
  { needs: "busybox", package: "busybox-static", why: "the guest's commands" },
  { needs: "dropbear", package: "dropbear-bin", why: "the guest's SSH server" },
  { needs: "dropbearkey", package: "dropbear-bin", why: "the guest's host key" },
  { needs: "modprobe", package: "kmod", why: "the guest's drivers" },
  { needs: "cpio", package: "cpio", why: "the guest's initramfs" },
  { needs: "xz", package: "xz-utils", why: "unpacks the guest's drivers" },
  { needs: "ssh", package: "openssh-client", why: "commands in the guest" },
  { needs: "ssh-keygen", package: "openssh-client", why: "the key for the guest" },
  { needs: "qemu-system-x86_64", package: "qemu-system-x86", why: "the hypervisor" },
  { needs: "qemu-img", package: "qemu-utils", why: "the VM's disk" },
];

/** Beside these, for a lab with `hypervisor: libvirt`. */
export const LIBVIRT_REQUIREMENTS: readonly Requirement[] = [
  { needs: "libvirtd", package: "libvirt-daemon-system", why: "libvirt on the lab's hosts" },
  { needs: "virsh", package: "libvirt-clients", why: "libvirt's own commands" },
  { needs: "sshd", package: "openssh-server", why: "logging in to the lab's hosts" },
  { needs: "certtool", package: "gnutls-bin", why: "TLS between the lab's hosts" },
  { needs: "rsync", package: "rsync", why: "copies disks and saved memory" },
  { needs: "zstd", package: "zstd", why: "packs saved memory" },
  { needs: "gzip", package: "gzip", why: "packs saved memory" },
  { needs: "ganesha.nfsd", package: "nfs-ganesha", why: "the NAS's NFS" },
  { needs: "/usr/share/doc/nfs-ganesha-vfs", package: "nfs-ganesha-vfs", why: "the NAS's NFS" },
  { needs: "rpcbind", package: "rpcbind", why: "the NAS's NFS" },
  { needs: "tgtd", package: "tgt", why: "the NAS's iSCSI" },
  { needs: "/usr/share/doc/qemu-block-extra", package: "qemu-block-extra", why: "QEMU's NFS and iSCSI" },
];

/** What a lab for this hypervisor needs. */
export const requirementsFor = (hypervisor: LabHypervisor): readonly Requirement[] =>
  hypervisor === "libvirt" ? [...REQUIREMENTS, ...LIBVIRT_REQUIREMENTS] : REQUIREMENTS;

/** Seconds that apt waits for another one to end. */
const LOCK_WAIT = 120;

/** What is missing here, one entry per package. */
export function missingPackages(requirements: readonly Requirement[] = REQUIREMENTS): Requirement[] {
  const missing = requirements.filter(({ needs }) => (needs.startsWith("/") ? !existsSync(needs) : !locate(needs)));
  return missing.filter((one, index) => missing.findIndex((other) => other.package === one.package) === index);
}

/** The one command that installs them, for a shell. */
export function installCommand(packages: readonly string[], sudo: boolean): string {
  const install = `apt-get install --yes --no-install-recommends ${packages.join(" ")}`;
  return sudo ? `sudo sh -c 'apt-get update && ${install}'` : `apt-get update && ${install}`;
}

export interface PackagesOptions {
  /** Whether someone is there to answer a question of sudo. */
  readonly interactive: boolean;
  readonly onStep?: (step: string) => void;
  /** What must be there. Default: what a run needs. */
  readonly requirements?: readonly Requirement[];
}

/**
 * Installs what is missing, naming it first: as root, or through sudo, which asks.
 * @throws MigrascopeError PACKAGES_MISSING with the one command to run when we may not, or when it fails.
 */
export async function ensurePackages({ interactive, onStep, requirements }: PackagesOptions): Promise<void> {
  const missing = missingPackages(requirements);
  if (missing.length === 0) return;
  const names = missing.map((one) => one.package);
  const command = installCommand(names, process.geteuid!() !== 0);
  const list = missing.map((one) => `${one.package} (${one.why})`).join(", ");
  const how = installer(interactive);
  if (!how) throw new MigrascopeError("PACKAGES_MISSING", `these packages are missing: ${list}\n    ${command}`);
  onStep?.(`installing ${list}`);
  const code = await apt(how, names);
  const left = missingPackages(requirements);
  if (code === 0 && left.length === 0) return;
  throw new MigrascopeError(
    "PACKAGES_MISSING",
    `apt-get could not install ${(left.length > 0 ? left.map((one) => one.package) : names).join(", ")} (exit code ${code})\n    ${command}`,
  );
}

/** The command that makes us root, empty when we are; undefined when we may not become it. */
function installer(interactive: boolean): readonly string[] | undefined {
  if (!locate("apt-get")) return undefined;
  if (process.geteuid!() === 0) return [];
  return interactive && locate("sudo") ? ["sudo"] : undefined;
}

/** apt's output goes to standard error: ours may be a document. */
function apt(prefix: readonly string[], packages: readonly string[]): Promise<number> {
  // A fresh machine is often still updating itself.
  const script = `apt-get update && exec apt-get -o DPkg::Lock::Timeout=${LOCK_WAIT} install --yes --no-install-recommends "$@"`;
  const argv = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script, "sh", ...packages];
  const child = spawn(argv[0]!, argv.slice(1), { stdio: [prefix.length > 0 ? "inherit" : "ignore", 2, 2] });
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** Each host's libvirtd, with settings and an identity of its own. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HostRole } from "../model/machines.ts";
import { QEMU_CERTIFICATES } from "./certificates.ts";
import { startDaemon } from "./daemons.ts";
import { type BareLab, runOn } from "./init.ts";
import { writeOwnFile } from "./own-files.ts";

/** Where disks lie that only their host sees: libvirt's own place for them. */
export const IMAGES = "/var/lib/libvirt/images";

/** There is neither D-Bus nor polkit to ask: whoever is root on the host may do everything, and nobody else is there. */
const libvirtdConf = (): string => `host_uuid = "${randomUUID()}"
listen_tls = 1
listen_tcp = 0
unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
auth_tls = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
`;

/** Where own-files.sh mounts huge pages for each host, if the kernel has any. */
const HUGE_PAGES = "/run/hugepages";
const hasHugePages = (): boolean => readFileSync("/proc/filesystems", "utf8").includes("hugetlbfs");

/** QEMUs without what only a whole machine has: cgroups, a security module, file ownership that is remembered, virtlogd. */
const qemuConf = (): string => `user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
default_tls_x509_cert_dir = "${QEMU_CERTIFICATES}"
default_tls_x509_verify = 1
migrate_tls_x509_cert_dir = "${QEMU_CERTIFICATES}"
migrate_tls_x509_verify = 1
hugetlbfs_mount = "${hasHugePages() ? HUGE_PAGES : ""}"
`;

/** Once per lab: the host's identity is in it. */
export function configureLibvirtd(lab: BareLab, host: HostRole): void {
  writeOwnFile(lab, host, "/etc/libvirt/libvirtd.conf", libvirtdConf());
  writeOwnFile(lab, host, "/etc/libvirt/qemu.conf", qemuConf());
}

/**
 * Starts the host's libvirtd, also after it has ended: it finds the VMs that went on running.
 * @throws MigrascopeError LAB_BROKEN with the end of its log.
 */
export async function startLibvirtd(lab: BareLab, host: HostRole): Promise<void> {
  await startDaemon(lab, host, "libvirtd", ["libvirtd", "--daemon", "--listen"]);
}

/** Ends the host's libvirtd; its VMs go on. @param signal KILL is a crash. */
export async function stopLibvirtd(lab: BareLab, host: HostRole, signal: "TERM" | "KILL" = "TERM"): Promise<void> {
  const script =
    'pid=$(cat /run/libvirtd.pid); kill -"$1" "$pid"; while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done';
  await runOn(lab, host, ["sh", "-euc", script, "sh", signal]);
}

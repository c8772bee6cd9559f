/** The NAS: NFS by ganesha and iSCSI by tgt. Neither needs the kernel, and QEMU is the client of both by itself. */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { MigrascopeError } from "../model/errors.ts";
import { startDaemon } from "./daemons.ts";
import { type BareLab, runOn } from "./init.ts";
import { writeOwnFile } from "./own-files.ts";
import { ipv4 } from "./topology.ts";

/** What clients call the exported directory. */
export const NFS_EXPORT = "/vms";
export const ISCSI_LUN = 1;
/** Bytes of the LUN; its file is sparse. The default VM's disk is as large. */
const LUN_SIZE = 40 * 2 ** 30;

export const iscsiTarget = (directory: string): string => `iqn.2026-11.io.migrascope:${basename(directory)}`;
/** What the NAS serves lies here. */
export const nasDirectory = (directory: string): string => join(directory, "nas");

const GANESHA_CONF = "/etc/ganesha/ganesha.conf";

/**
 * NFSv3 alone: QEMU's client speaks nothing else. The lock manager would need another daemon, and QEMU locks no files
 * over NFS.
 */
const ganeshaConf = (exported: string): string => `NFS_CORE_PARAM {
  Protocols = 3;
  mount_path_pseudo = true;
  Enable_NLM = false;
  Enable_RQUOTA = false;
}
EXPORT {
  Export_Id = 1;
  Path = "${exported}";
  Pseudo = "${NFS_EXPORT}";
  Protocols = 3;
  Transports = TCP;
  Access_Type = RW;
  Squash = No_Root_Squash;
  SecType = sys;
  FSAL { Name = VFS; }
}
`;

/** Starts both. @throws MigrascopeError LAB_BROKEN with the end of a server's log, COMMAND_FAILED. */
export async function startNas(lab: BareLab): Promise<void> {
  await startNfs(lab);
  await startIscsi(lab);
}

async function startNfs(lab: BareLab): Promise<void> {
  const exported = join(nasDirectory(lab.directory), "vms");
  mkdirSync(exported, { recursive: true });
  writeOwnFile(lab, "nas", GANESHA_CONF, ganeshaConf(exported));
  // A client asks it for the ports of the other two: NFS and its mount protocol.
  await startDaemon(lab, "nas", "rpcbind", ["rpcbind"]);
  const files = ["-f", GANESHA_CONF, "-L", "/run/ganesha.log", "-p", "/run/ganesha.pid"];
  await startDaemon(lab, "nas", "ganesha.nfsd", ["ganesha.nfsd", ...files, "-N", "NIV_CRIT"]);
  await requireExport(lab, exported);
}

/** The server also runs when it cannot export anything: it needs handles of files, which overlay file systems do not give. */
async function requireExport(lab: BareLab, exported: string): Promise<void> {
  const file = `nfs://${ipv4("storage", "nas")}${NFS_EXPORT}/ready`;
  await runOn(lab, "source", ["qemu-img", "create", "-q", "-f", "raw", file, "0"]).catch((cause: Error) => {
    throw new MigrascopeError(
      "KERNEL_LACKS",
      `the NAS cannot export ${exported} by NFS: its file system must be one such as ext4, xfs or tmpfs; set MIGRASCOPE_STATE to a directory on one (${cause.message})`,
      { where: "nas", cause },
    );
  });
  rmSync(join(exported, "ready"));
}

async function startIscsi(lab: BareLab): Promise<void> {
  const file = join(nasDirectory(lab.directory), "lun");
  const fd = openSync(file, "w", 0o600);
  ftruncateSync(fd, LUN_SIZE);
  closeSync(fd);
  await startDaemon(lab, "nas", "tgtd", ["tgtd"]);
  const target = ["--tid", "1"];
  const administer = (...args: string[]): Promise<unknown> => runOn(lab, "nas", ["tgtadm", "--lld", "iscsi", ...args]);
  await administer("--mode", "target", "--op", "new", ...target, "--targetname", iscsiTarget(lab.directory));
  const unit = ["--lun", String(ISCSI_LUN), "--backing-store", file];
  await administer("--mode", "logicalunit", "--op", "new", ...target, ...unit);
  await administer("--mode", "target", "--op", "bind", ...target, "--initiator-address", "ALL");
}

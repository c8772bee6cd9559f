/** Where disks can be. */
import type { HostRole } from "../../model/machines.ts";
import type { HostsFile } from "../write.ts";
import { type Asker, optional } from "./ask.ts";
import type { Discovered } from "./discover.ts";

type StoragesFile = HostsFile["storages"];

const NFS = /^(\[[0-9a-fA-F:]+\]|[^:/\s]+):(\/\S*)$/u;
const ISCSI = /^(\S+) (\S+) (\d+)$/u;
const directory = (text: string): string | undefined => (text.startsWith("/") ? undefined : "write an absolute path");

export async function askStorages(asker: Asker, found: Readonly<Record<HostRole, Discovered>>): Promise<StoragesFile> {
  asker.say("\nStorages; at least one");
  const both = found.source.directories.filter((path) => found.destination.directories.includes(path));
  for (;;) {
    const local = await asker.ask("Directory that each host has for itself (- for none)", {
      default: both[0] ?? "/var/lib/libvirt/images",
      check: (text) => (text === "-" ? undefined : directory(text)),
    });
    const shared = await optional(asker, "Directory that both hosts share", directory);
    const nfs = NFS.exec(
      await optional(asker, "NFS by QEMU's own client, as server:/export", (text) =>
        NFS.test(text) ? undefined : "write it as nas:/vms",
      ),
    );
    const iscsi = ISCSI.exec(
      await optional(asker, "iSCSI by QEMU's own client, as `portal target LUN`; the LUN is overwritten", (text) =>
        ISCSI.test(text) ? undefined : "write it as: 10.0.0.13 iqn.2020-01.example:vms 1",
      ),
    );
    const storages: StoragesFile = {
      ...(local !== "-" && { local: { kind: "directory", path: local } }),
      ...(shared !== "" && { shared: { kind: "directory", path: shared, shared: true } }),
      ...(nfs && { nfs: { kind: "nfs", server: nfs[1]!.replace(/^\[|\]$/gu, ""), export: nfs[2]! } }),
      ...(iscsi && { iscsi: { kind: "iscsi", portal: iscsi[1]!, target: iscsi[2]!, lun: Number(iscsi[3]) } }),
    };
    if (Object.keys(storages).length > 0) return storages;
    asker.say("  a VM needs a storage for its disk");
  }
}

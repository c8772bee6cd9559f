/** What plain QEMU, this testbed or this accelerator cannot do, refused by name before anything is migrated. */
import { MigrascopeError } from "../../model/errors.ts";
import type { HostRole } from "../../model/machines.ts";
import type { MigrationSettings } from "../../model/settings.ts";
import type { HostSetup } from "./instance.ts";

export interface Circumstances {
  readonly hosts: Readonly<Record<HostRole, Pick<HostSetup, "migrationAddress" | "tls">>>;
  readonly accelerator: "kvm" | "tcg";
}

const BOTH = ["source", "destination"] as const;

/** @throws MigrascopeError SETTING_UNSUPPORTED naming the setting, and who could do it or what is missing. */
export function refuseImpossible(settings: MigrationSettings, { hosts, accelerator }: Circumstances): void {
  const refuse = (words: string, where?: HostRole): never => {
    throw new MigrascopeError("SETTING_UNSUPPORTED", words, { where });
  };
  const { transport, path, family, dirtyLimit, xbzrle, multifd } = settings;
  if (path !== undefined) {
    refuse(`path ${path}: plain QEMU has no management that speaks to the other host's; the driver libvirt has`);
  }
  if (transport === "ssh") {
    refuse("transport ssh: plain QEMU does not tunnel a migration (it can tcp and tls); the driver libvirt does");
  }
  for (const role of BOTH) {
    if (transport === "tls" && !hosts[role].tls) {
      refuse("transport tls needs certificates: the testbed names no directory with them (tls: {directory: …})", role);
    }
    if (family !== undefined && hosts[role].migrationAddress[family] === undefined) {
      refuse(`family ${family}: the host has no ${family} address on the migration network`, role);
    }
  }
  // `ram_save_target_page` gives a page to multifd before anybody looks for a difference, and says nothing.
  if (xbzrle && multifd)
    refuse("xbzrle with multifd: QEMU sends no differences over several connections; leave one out");
  if (dirtyLimit && accelerator !== "kvm") {
    refuse("dirtyLimit needs KVM's dirty ring, and the VM is emulated (tcg)");
  }
}

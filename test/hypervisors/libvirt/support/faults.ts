/** Things that break on hosts under libvirt while a VM migrates, and come back if they do in real life. */
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { LibvirtHost } from "../../../../src/hypervisors/libvirt/host.ts";
import type { HostRole } from "../../../../src/model/machines.ts";

export interface Fault {
  /** An event of the migration, as `kind host detail`. */
  readonly at: string;
  readonly what: "qemu" | "libvirtd" | "link" | "connection" | "ssh";
  readonly where: HostRole;
  /** Seconds until the link is whole again, or libvirtd is started anew, as systemd would. Default 3. */
  readonly for?: number;
}

const KILL_QEMU = "kill -KILL $(cat /run/libvirt/qemu/vm.pid)";
const KILL_LIBVIRTD = "kill -KILL $(cat /run/libvirtd.pid)";

/** Breaks it now; returns when it has been mended. */
export async function strike(
  hosts: Readonly<Record<HostRole, LibvirtHost>>,
  { what, where, for: seconds = 3 }: Fault,
  labDirectory: string,
): Promise<void> {
  const { machine } = hosts[where];
  const shell = (script: string): Promise<unknown> => machine.run(["sh", "-c", script]);
  if (what === "qemu") await shell(KILL_QEMU);
  // The migration's own: QEMU sees it reset.
  if (what === "connection") await shell("ss --kill --tcp state established '( sport = :49152 or dport = :49152 )'");
  if (what === "link") {
    await shell("ip link set mig0 down");
    await sleep(seconds * 1000);
    // The kernel forgets an interface's IPv6 addresses when it goes down.
    await shell("ip link set mig0 up");
  }
  if (what === "libvirtd") {
    await shell(KILL_LIBVIRTD);
    await sleep(seconds * 1000);
    await shell("libvirtd --daemon --listen");
  }
  // The connection that all commands to this host share: whatever it carries breaks off.
  if (what === "ssh") execFileSync("pkill", ["-KILL", "-f", `ssh: ${labDirectory}/ssh/${where}`]);
}

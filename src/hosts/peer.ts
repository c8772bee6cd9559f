/** How a host is reached by the other one. */
import type { HostSpec } from "../model/hosts.ts";

/** The URI of its libvirt, as the other host uses it. */
export function peerUri({ peer, ssh }: HostSpec): string {
  if (peer !== undefined) return peer;
  const host = ssh.host.includes(":") ? `[${ssh.host}]` : ssh.host;
  return `qemu+ssh://${encodeURIComponent(ssh.user)}@${host}${ssh.port === 22 ? "" : `:${ssh.port}`}/system`;
}

/** Where the other host's scp and rsync send disks: over the migration network. */
export const copyAddress = ({ ssh, migration }: HostSpec): { user: string; host: string; port: number } => ({
  user: ssh.user,
  host: migration.ipv4 ?? migration.ipv6 ?? ssh.host,
  port: ssh.port,
});

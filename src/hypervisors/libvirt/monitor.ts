/** QEMU's own monitor, through libvirt: for what libvirt has no command. */
import { MigrascopeError } from "../../model/errors.ts";
import { type NativeSettings, readNative } from "../qemu/native.ts";
import { isObject, type Json } from "../qemu/qmp/messages.ts";
import type { Virsh } from "./virsh.ts";

/** @throws MigrascopeError HYPERVISOR_REFUSED with QEMU's words, or libvirt's. */
export async function monitor(
  virsh: Virsh,
  domain: string,
  execute: string,
  parameters: Readonly<Record<string, Json>> = {},
): Promise<Json> {
  const answer = await virsh.run(["qemu-monitor-command", domain, JSON.stringify({ execute, arguments: parameters })]);
  const reply = JSON.parse(answer) as Json;
  if (!isObject(reply)) return null;
  if (isObject(reply.error))
    throw new MigrascopeError("HYPERVISOR_REFUSED", `${execute}: ${String(reply.error.desc)}`, {
      where: virsh.machine.name,
    });
  return reply.return ?? null;
}

/** Every migration capability and parameter as QEMU has it now. */
export async function readSettings(virsh: Virsh, domain: string): Promise<NativeSettings> {
  const capabilities = await monitor(virsh, domain, "query-migrate-capabilities");
  return readNative(capabilities, await monitor(virsh, domain, "query-migrate-parameters"));
}

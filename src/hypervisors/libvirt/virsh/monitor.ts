/** QEMU's own monitor, through libvirt: for what libvirt has no command. */
import { MigrascopeError } from "../../../model/errors.ts";
import { type NativeSettings, readNative } from "../../qemu/native.ts";
import { isObject, type Json } from "../../qemu/qmp/messages.ts";
import type { VirshSession } from "./session.ts";
import type { Virsh } from "./virsh.ts";

type Parameters = Readonly<Record<string, Json>>;

const commandOf = (domain: string, execute: string, parameters: Parameters): string[] => [
  "qemu-monitor-command",
  domain,
  JSON.stringify({ execute, arguments: parameters }),
];

/** @throws MigrascopeError HYPERVISOR_REFUSED with QEMU's words, or libvirt's. */
export async function monitor(
  virsh: Virsh,
  domain: string,
  execute: string,
  parameters: Parameters = {},
): Promise<Json> {
  return answerIn(await virsh.run(commandOf(domain, execute, parameters)), execute, virsh.machine.name);
}

/** @throws MigrascopeError HYPERVISOR_REFUSED with QEMU's words. */
function answerIn(text: string, execute: string, where: string): Json {
  const reply = JSON.parse(text) as Json;
  if (!isObject(reply)) return null;
  if (isObject(reply.error))
    throw new MigrascopeError("HYPERVISOR_REFUSED", `${execute}: ${String(reply.error.desc)}`, { where });
  return reply.return ?? null;
}

/** Every migration capability and parameter as QEMU has it now. @throws MigrascopeError HYPERVISOR_REFUSED, HYPERVISOR_LOST. */
export async function readSettings(through: Virsh | VirshSession, domain: string): Promise<NativeSettings> {
  const ask = async (execute: string): Promise<Json> => {
    const command = commandOf(domain, execute, {});
    const text = "ask" in through ? await through.ask(command) : await through.run(command);
    return answerIn(text, execute, "ask" in through ? through.where : through.machine.name);
  };
  const [capabilities, parameters] = await Promise.all([
    ask("query-migrate-capabilities"),
    ask("query-migrate-parameters"),
  ]);
  return readNative(capabilities!, parameters!);
}

/** What the QEMU of one host can do, asked of a QEMU without a machine that lives for a moment. */
import type { HostRole } from "../../model/machines.ts";
import { type HostSetup, Instance } from "./instance.ts";
import { type NativeSettings, readNative } from "./native.ts";
import { isObject, type Json, type JsonObject } from "./qmp/messages.ts";

export interface Abilities {
  readonly version: string;
  /** What executes the guest's instructions, as QEMU itself says. */
  readonly accelerator: "kvm" | "tcg";
  /** Machine types by name, and what each alias (`q35`) stands for in this version. */
  readonly machines: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
  /** Methods that multifd can compress with in this build. */
  readonly compressions: readonly string[];
  /** Every migration capability and parameter at its default. */
  readonly defaults: NativeSettings;
}

export interface AbilitiesRequest {
  readonly role: HostRole;
  readonly host: HostSetup;
  readonly binary: string;
  readonly accelerator: "kvm" | "tcg";
  readonly signal?: AbortSignal;
}

/** @throws MigrascopeError COMMAND_FAILED, HYPERVISOR_REFUSED or HYPERVISOR_LOST when QEMU or its accelerator does not start. */
export async function askAbilities(request: AbilitiesRequest): Promise<Abilities> {
  const { role, host, binary, accelerator, signal } = request;
  const argv = [
    binary,
    "-machine",
    "none",
    "-accel",
    accelerator,
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
  ];
  const instance = await Instance.start({ role, host, argv, name: "abilities" });
  try {
    const qmp = await instance.connect(signal);
    const [kvm, machines, schema, capabilities, parameters] = await Promise.all([
      qmp.execute("query-kvm"),
      qmp.execute("query-machines"),
      qmp.execute("query-qmp-schema"),
      qmp.execute("query-migrate-capabilities"),
      qmp.execute("query-migrate-parameters"),
    ]);
    const types = (Array.isArray(machines) ? machines : []).filter(isObject);
    return {
      version: qmp.version,
      accelerator: isObject(kvm) && kvm.enabled === true ? "kvm" : "tcg",
      machines: new Set(types.map((type) => String(type.name))),
      aliases: new Map(
        types.flatMap((type) => (typeof type.alias === "string" ? [[type.alias, String(type.name)] as const] : [])),
      ),
      compressions: compressionsIn(schema),
      defaults: readNative(capabilities, parameters),
    };
  } finally {
    await instance.stop();
  }
}

/**
 * Finds the values of `multifd-compression` in the answer to `query-qmp-schema`. Its types are numbered, not named
 * (docs/devel/qapi-code-gen, "Client introspection"), so one starts from the command that takes the parameter.
 */
export function compressionsIn(schema: Json): string[] {
  const types = new Map<string, JsonObject>();
  for (const entry of Array.isArray(schema) ? (schema as readonly Json[]) : []) {
    if (isObject(entry)) types.set(String(entry.name), entry);
  }
  const argument = types.get(String(types.get("migrate-set-parameters")?.["arg-type"]));
  const members = Array.isArray(argument?.members) ? (argument.members as readonly Json[]) : [];
  const member = members.filter(isObject).find((each) => each.name === "multifd-compression");
  const values = types.get(String(member?.type))?.values;
  return Array.isArray(values) ? values.map(String) : [];
}

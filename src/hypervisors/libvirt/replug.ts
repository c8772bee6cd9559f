/** Migrating a VM to a host whose bridge or tap is called otherwise: libvirt is given its definition as it is to be there. */
import { MigrascopeError } from "../../model/errors.ts";
import { type Plug, replugged, samePlug } from "./plug.ts";
import type { Virsh } from "./virsh.ts";

export interface Definitions {
  /** Of `virsh migrate`. */
  readonly options: readonly string[];
  /** Takes the files away that the options name. Never fails. */
  remove(): Promise<void>;
}

/** A file that only we may read, since a definition may hold passwords. Prints its path. */
const KEEP = 'umask 077; file=$(mktemp) && cat >"$file" && printf %s "$file"';

/**
 * The VM's definition as it runs, and the one that it is kept by, plugged in as on the other host, in files on this one.
 * @returns nothing when both hosts have the same. @throws MigrascopeError HYPERVISOR_REFUSED, COMMAND_FAILED.
 */
export async function replug(virsh: Virsh, domain: string, from: Plug, to: Plug): Promise<Definitions | undefined> {
  if (samePlug(from, to)) return undefined;
  const { machine } = virsh;
  const files: string[] = [];
  const remove = async (): Promise<void> => {
    if (files.length > 0) await machine.run(["rm", "-f", "--", ...files]).catch(() => {});
  };
  const keep = async (how: readonly string[]): Promise<string> => {
    const definition = await virsh.run(["dumpxml", domain, "--migratable", "--security-info", ...how]);
    const { stdout } = await machine.run(["sh", "-c", KEEP], { input: replugged(definition, from, to) });
    if (!stdout.startsWith("/"))
      throw new MigrascopeError("COMMAND_FAILED", `mktemp named no file for the VM's definition: "${stdout}"`, {
        where: machine.name,
      });
    files.push(stdout);
    return stdout;
  };
  try {
    return { options: ["--xml", await keep([]), "--persistent-xml", await keep(["--inactive"])], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Migrating a VM to a host whose bridge or tap is called otherwise: libvirt is given its definition as it is to be there. */
import { dropFiles, keepFile } from "./kept-file.ts";
import { type Plug, replugged, samePlug } from "./plug.ts";
import type { Virsh } from "./virsh/virsh.ts";

export interface Definitions {
  /** Of `virsh migrate`. */
  readonly options: readonly string[];
  /** Takes the files away that the options name. Never fails. */
  remove(): Promise<void>;
}

/**
 * The VM's definition as it runs, and the one that it is kept by, plugged in as on the other host, in files on this one.
 * `--security-info`: without it the VM would lose its passwords on the way.
 * @returns nothing when both hosts have the same. @throws MigrascopeError HYPERVISOR_REFUSED, COMMAND_FAILED.
 */
export async function replug(virsh: Virsh, domain: string, from: Plug, to: Plug): Promise<Definitions | undefined> {
  if (samePlug(from, to)) return undefined;
  const { machine } = virsh;
  const files: string[] = [];
  const keep = async (how: readonly string[]): Promise<string> => {
    const definition = await virsh.run(["dumpxml", domain, "--migratable", "--security-info", ...how]);
    const file = await keepFile(machine, replugged(definition, from, to));
    files.push(file);
    return file;
  };
  const remove = (): Promise<void> => dropFiles(machine, files);
  try {
    return { options: ["--xml", await keep([]), "--persistent-xml", await keep(["--inactive"])], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

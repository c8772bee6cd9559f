import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { MigrascopeError } from "../model/errors.ts";
import { HostsTestbed } from "../model/hosts.ts";
import { LabTestbed, type Testbed } from "../model/testbed.ts";
import { loadDocument } from "./document.ts";

/** @throws MigrascopeError FILE_UNREADABLE or CONFIG_INVALID with file, line and column of every problem. */
export async function loadTestbed(file: string): Promise<Testbed> {
  // One schema at a time: a problem is told in the terms of the kind that was meant.
  return (await kindOf(file)) === "hosts" ? loadDocument(file, HostsTestbed) : loadDocument(file, LabTestbed);
}

/** As `loadTestbed`, for what exists in the lab only. @throws MigrascopeError CONFIG_INVALID for real machines too. */
export async function loadLab(file: string): Promise<LabTestbed> {
  const testbed = await loadTestbed(file);
  if (testbed.kind === "lab") return testbed;
  throw new MigrascopeError("CONFIG_INVALID", "this testbed is one of real machines, not a lab", { where: file });
}

/** What the file says, however wrong it is otherwise: that is told by whoever reads all of it. */
async function kindOf(file: string): Promise<unknown> {
  try {
    return (parse(await readFile(file, "utf8")) as { kind?: unknown } | null)?.kind;
  } catch {
    return undefined;
  }
}

/** The lab on this machine with everything at its default: what runs when no testbed file is given. */
export const defaultTestbed = (): LabTestbed => LabTestbed.parse({});

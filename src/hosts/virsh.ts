/** Asking a host's libvirt. */
import { XMLParser } from "fast-xml-parser";
import type { Machine } from "../remote/machine.ts";

/** The host's own libvirt, for system VMs. */
export const LOCAL_URI = "qemu:///system";

/** @param uri as seen from the machine. @throws MigrascopeError COMMAND_FAILED with virsh's words. */
export async function virsh(machine: Machine, args: readonly string[], uri: string = LOCAL_URI): Promise<string> {
  const { stdout } = await machine.run(["virsh", "--quiet", "--connect", uri, ...args], { env: { LC_ALL: "C" } });
  return stdout;
}

/** Elements that may be repeated are lists, however often they are there. */
const LISTS = new Set(["feature", "disk", "interface", "hostdev", "filesystem", "mode", "guest", "domain"]);
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  textNodeName: "#",
  parseTagValue: false,
  parseAttributeValue: false,
  isArray: (name) => LISTS.has(name),
});

/** Attributes are `@name`, the text of an element that has some is `#`. */
export const parseXml = (text: string): unknown => parser.parse(text);

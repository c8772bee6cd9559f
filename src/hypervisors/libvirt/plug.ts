/** What a VM's network interface is plugged into, on hosts whose bridges or taps are called otherwise. Pure. */
import type { LibvirtHost } from "./host.ts";
import { attribute, descend, type Element, readXml, xml } from "./virsh/xml.ts";

export type Plug = LibvirtHost["network"];

const isBridge = (plug: Plug): plug is { readonly bridge: string } => "bridge" in plug;
const nameOf = (plug: Plug): string => (isBridge(plug) ? plug.bridge : plug.tap);

export const samePlug = (one: Plug, another: Plug): boolean =>
  isBridge(one) === isBridge(another) && nameOf(one) === nameOf(another);

/**
 * The definition with the interfaces that are plugged into `from` plugged into `to`; all else stays as it is, to the letter:
 * libvirt migrates with a changed definition only when the guest sees no difference.
 * @param definition as libvirt writes it.
 */
export function replugged(definition: string, from: Plug, to: Plug): string {
  if (samePlug(from, to)) return definition;
  return definition.replaceAll(/<interface\b[^>]*>.*?<\/interface>/gsu, (text) =>
    isIn(text, from) ? moved(text, from, to) : text,
  );
}

function isIn(text: string, plug: Plug): boolean {
  const one: Element | undefined = descend(readXml(text), "interface");
  if (isBridge(plug))
    return attribute(one, "type") === "bridge" && attribute(descend(one, "source"), "bridge") === plug.bridge;
  return attribute(one, "type") === "ethernet" && attribute(descend(one, "target"), "dev") === plug.tap;
}

/** Only the name where both are of one kind: a tap that somebody has named keeps its name in another bridge. */
function moved(text: string, from: Plug, to: Plug): string {
  const own = isBridge(from) ? "source" : "target";
  if (isBridge(from) === isBridge(to)) {
    const named = isBridge(from) ? "bridge" : "dev";
    const name = new RegExp(`(<${own}\\b[^>]*?\\s${named}=)(?:'[^']*'|"[^"]*")`, "u");
    return text.replace(name, (_all, before: string) => `${before}${xml`'${nameOf(to)}'`.text}`);
  }
  const bare = without(without(text, "source"), "target");
  const plugged = isBridge(to) ? xml`<source bridge='${to.bridge}'/>` : xml`<target dev='${to.tap}' managed='no'/>`;
  return bare
    .replace(
      /^(<interface\b[^>]*?\stype=)(?:'[^']*'|"[^"]*")/u,
      (_all, before: string) => `${before}'${isBridge(to) ? "bridge" : "ethernet"}'`,
    )
    .replace(/\s*<\/interface>$/u, (end) => `${plugged.text}${end}`);
}

/** Without the element of this name, which may be empty. */
const without = (text: string, name: string): string =>
  text.replace(new RegExp(`\\s*<${name}\\b(?:[^>]*/>|[^>]*>.*?</${name}>)`, "su"), "");

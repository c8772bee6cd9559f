/** Writing XML for libvirt, and reading what it answers. */
import { XMLParser } from "fast-xml-parser";

/** Text that is XML already. Everything else that is put into XML is escaped. */
export class Xml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

type Part = Xml | string | number | readonly Xml[];

/** A template of XML: parts of other kinds than `Xml` are escaped for text and for attributes in either quotes. */
export function xml(strings: TemplateStringsArray, ...parts: readonly Part[]): Xml {
  return new Xml(strings.reduce((text, string, index) => `${text}${written(parts[index - 1]!)}${string}`));
}

const written = (part: Part): string => {
  if (part instanceof Xml) return part.text;
  if (typeof part === "string" || typeof part === "number") return escaped(String(part));
  return part.map((each) => each.text).join("");
};

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/gu, (character) => ESCAPES[character]!);

/** An element as `readXml` gives it: attributes by their names with `@` before, children by theirs, text as `#text`. */
export type Element = { readonly [name: string]: unknown };

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@", parseTagValue: false });

/** @throws Error for what is no XML. */
export const readXml = (text: string): Element => parser.parse(text, true) as Element;

/** The elements of one name: none, one or many come the same way. */
export function children(element: unknown, name: string): Element[] {
  const value = isElement(element) ? element[name] : undefined;
  if (value === undefined || value === "") return [];
  return (Array.isArray(value) ? value : [value]).map((each) => (isElement(each) ? each : { "#text": each }));
}

/** The first element at the end of a path. */
export function descend(element: unknown, ...path: readonly string[]): Element | undefined {
  let found: Element | undefined = isElement(element) ? element : undefined;
  for (const name of path) found = children(found, name)[0];
  return found;
}

export const textOf = (element: Element | undefined): string | undefined =>
  element?.["#text"] === undefined ? undefined : String(element["#text"]);
export const attribute = (element: Element | undefined, name: string): string | undefined =>
  element?.[`@${name}`] === undefined ? undefined : String(element[`@${name}`]);

const isElement = (value: unknown): value is Element =>
  typeof value === "object" && value !== null && !Array.isArray(value);

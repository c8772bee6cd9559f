/** YAML text to a checked value, with errors that name file, line and column. */
import { readFile } from "node:fs/promises";
import { isNode, isPair, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { MigrascopeError } from "../model/errors.ts";

type Path = readonly PropertyKey[];

/**
 * Reads a YAML file and checks it against a schema.
 * @throws MigrascopeError FILE_UNREADABLE, or CONFIG_INVALID with every problem on a line of its own as `file:line:column: what`.
 */
export async function loadDocument<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new MigrascopeError("FILE_UNREADABLE", `cannot read ${file}: ${(error as Error).message}`, {
      where: file,
      cause: error,
    });
  }
  return parseText(text, file, schema);
}

/** As `loadDocument`, for text that is already in memory; `file` is only named in errors. */
export function parseText<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const syntax = document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`);
  if (syntax.length > 0) throw invalid(file, syntax);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid(file, [`${file}:1:1: ${(error as Error).message}`]);
  }
  const checked = schema.safeParse(value ?? {});
  if (checked.success) return checked.data;
  const problems = checked.error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys")
      return [`${at(offsetOf(document.contents, issue.path))}: ${named(issue.path)}${issue.message}`];
    return issue.keys.map(
      (key) => `${at(offsetOf(document.contents, [...issue.path, key]))}: unknown key "${key}"${inside(issue.path)}`,
    );
  });
  throw invalid(file, problems);
}

const invalid = (file: string, problems: readonly string[]): MigrascopeError =>
  new MigrascopeError("CONFIG_INVALID", problems.join("\n"), { where: file });

const named = (path: Path): string => (path.length > 0 ? `${path.join(".")}: ` : "");
const inside = (path: Path): string => (path.length > 0 ? ` in ${path.join(".")}` : "");

/** Where in the text the value at `path` stands; for an absent one, its nearest ancestor. For a key, the key itself. */
function offsetOf(root: Node | null, path: Path): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    const items: unknown[] = (node as { items?: unknown[] } | null)?.items ?? [];
    const found =
      typeof step === "number" ? items[step] : items.find((item) => isPair(item) && String(item.key) === String(step));
    if (found === undefined) return offset;
    const key = isPair(found) ? found.key : found;
    if (isNode(key)) offset = key.range?.[0] ?? offset;
    node = isPair(found) ? found.value : found;
  }
  return offset;
}

/** The pages of the documentation, their examples and their links. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Page {
  readonly path: string;
  readonly name: string;
  readonly text: string;
}

const markdownIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(directory, name));

export const PAGES: readonly Page[] = [...markdownIn(ROOT), ...markdownIn(join(ROOT, "docs"))].map((path) => ({
  path,
  name: basename(path),
  text: readFileSync(path, "utf8"),
}));

/** The YAML blocks of a page. */
export const examplesIn = ({ text }: Page): string[] =>
  [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gmu)].map((match) => match[1]!);

/** Where a page's links into this repository lead: files, and headings in them. */
export const linksIn = ({ path, text }: Page): { target: string; file: string; heading: string | undefined }[] =>
  [...text.replaceAll(/`[^`\n]*`/gu, "").matchAll(/\]\(([^)\s]+)\)/gu)]
    .map((match) => match[1]!)
    .filter((target) => !/^[a-z]+:/u.test(target))
    .map((target) => {
      const [file, heading] = target.split("#");
      return { target, file: file === "" ? path : join(dirname(path), file!), heading };
    });

/** The names that headings have in links, as GitHub makes them. */
export const headingsIn = (text: string): string[] =>
  [...text.replaceAll(/^```[\s\S]*?^```$/gmu, "").matchAll(/^#+ (.*)$/gmu)].map((match) =>
    match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

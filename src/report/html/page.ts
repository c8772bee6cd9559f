/** The document around the report: style, script, and a policy that forbids everything else. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DARK, INKS, LIGHT, variableOf } from "../figures/palette.ts";
import { type Html, html, trusted } from "./html.ts";

const here = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
/** The build with line, scatter and the grid: all that the figures use, at two thirds of the size. */
const library = (): string =>
  readFileSync(createRequire(import.meta.url).resolve("echarts/dist/echarts.common.min.js"), "utf8");

const inks = (palette: typeof LIGHT): string => INKS.map((ink) => `${variableOf(ink)}: ${palette[ink]};`).join(" ");
const colours = (): string =>
  `:root { ${inks(LIGHT)} }\n@media screen and (prefers-color-scheme: dark) { :root { ${inks(DARK)} } }\n`;

/** What the script exchanges when the reader's scheme is dark. */
const toDark = (): string => JSON.stringify(Object.fromEntries(INKS.map((ink) => [LIGHT[ink], DARK[ink]])));

/** A script's content that no HTML parser can take for its end. */
const inScript = (code: string): string => code.replace(/<\/(script)/giu, "<\\/$1").replaceAll("<!--", "<\\!--");
const hash = (code: string): string => `'sha256-${createHash("sha256").update(code).digest("base64")}'`;

export function page({ title, body }: { readonly title: string; readonly body: Html }): string {
  const scripts = [library(), `${here("interactive.js").replace("__TO_DARK__", toDark)}`].map(inScript);
  // Only these two scripts run, whatever else should ever find its way into the page, and nothing is ever fetched.
  const policy = `default-src 'none'; script-src ${scripts.map(hash).join(" ")}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(colours() + here("page.css"))}</style>
</head>
<body>
${body}
${scripts.map((code) => html`<script>${trusted(code)}</script>\n`)}</body>
</html>
`;
  return document.text;
}

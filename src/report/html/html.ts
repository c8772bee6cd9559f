/** HTML that cannot be broken by what is written into it: every text is escaped unless it is HTML already. */

const MARK = Symbol("html");
export interface Html {
  readonly [MARK]: true;
  readonly text: string;
}
export type Part = Html | string | number | false | null | undefined | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/gu, (character) => ESCAPES[character]!);

/** For text that is markup on purpose: our own figures and style sheet. */
export const trusted = (text: string): Html => ({ [MARK]: true, text });

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return escapeHtml(part);
  if (MARK in part) return part.text;
  return part.map(render).join("");
}

/** A tagged template: html`<b>${name}</b>` escapes `name`; arrays are joined, false, null and undefined vanish. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return trusted(strings.reduce((text, next, index) => `${text}${render(parts[index - 1])}${next}`));
}

/** JSON that may stand inside a `<script>` element: nothing in it can end the element or begin a comment. */
export const scriptJson = (value: unknown): Html =>
  trusted(
    JSON.stringify(value)
      .replaceAll("<", "\\u003c")
      .replaceAll(">", "\\u003e")
      .replaceAll("\u2028", "\\u2028")
      .replaceAll("\u2029", "\\u2029"),
  );

/** A table that says what it is about, and scrolls within itself on a narrow screen. */
export function table(caption: Part, headings: readonly Part[], rows: readonly (readonly Part[])[]): Html {
  if (rows.length === 0) return html``;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${headings.map((heading) => html`<th scope="col">${heading}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...others]) =>
      html`<tr><th scope="row">${first}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
  )}</tbody>
</table></div>`;
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { html, scriptJson, table, trusted } from "../../../src/report/html/html.ts";

test("text is escaped, HTML is not escaped twice, nothing is written for what is absent", () => {
  const inner = html`<b>${'<i> & "quotes" \''}</b>`;
  expect(html`${inner}${[1, "<", null]}${undefined}${false}`.text).toBe(
    "<b>&lt;i&gt; &amp; &quot;quotes&quot; &#39;</b>1&lt;",
  );
});

test("what looks like trusted HTML but is only data is refused its trust", () => {
  const forged = JSON.parse(JSON.stringify(trusted("<b>"))) as { text: string };
  expect(() => html`${forged as never}`.text).toThrow();
});

test("JSON in a script can neither end it nor open a comment, and reads back the same", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom("</script>", "<!--", "<script", "]]>", "\u2028")), (text) => {
      const { text: json } = scriptJson({ text });
      expect(json).not.toMatch(/[<>\u2028\u2029]/u);
      expect(JSON.parse(json)).toEqual({ text });
    }),
  );
});

test("a table without rows is no table", () => {
  expect(table("empty", ["a"], []).text).toBe("");
});

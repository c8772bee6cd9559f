/** Rows of a name and a value per pass, beside each other or below each other, as the terminal's width allows. */
import { type Painter, pad, widthOf, wrap } from "./text.ts";

/** `values`: one per pass, none for a heading of the rows that follow. */
export interface Row {
  readonly label: string;
  readonly values: readonly string[];
}

/** The values stand side by side under `heads`, or below the name where the terminal is too narrow for it. */
export function rowLines(heads: readonly string[], rows: readonly Row[], width: number, paint: Painter): string[] {
  const valued = rows.filter(({ values }) => values.length > 0);
  const first = Math.max(...valued.map(({ label }) => widthOf(label)));
  const columns = heads.map((head, index) =>
    Math.max(widthOf(head), ...valued.map(({ values }) => widthOf(values[index]!))),
  );
  const heading = (label: string): string[] =>
    wrap(label, Math.max(20, width - 2)).map((line) => `  ${paint("bold", line)}`);
  if (first + columns.reduce((sum, column) => sum + column + 2, 2) <= width) {
    const line = (name: string, values: readonly string[]): string =>
      `  ${pad(name, first)}${values.map((value, index) => `  ${pad(value, columns[index]!)}`).join("")}`.trimEnd();
    return [
      paint("dim", line("", heads)),
      ...rows.flatMap(({ label, values }) => (values.length === 0 ? heading(label) : [line(label, values)])),
    ];
  }
  return rows.flatMap(({ label, values }) => {
    if (values.length === 0) return heading(label);
    const alike = values.every((value) => value === values[0]);
    const under = alike ? [["", values[0]!] as const] : heads.map((head, column) => [head, values[column]!] as const);
    return [
      `  ${label}`,
      ...under.flatMap(([head, value]) =>
        wrap(value, Math.max(20, width - 12)).map(
          (line, nth) => `    ${pad(nth === 0 ? head : "", alike ? 0 : 8)}${line}`,
        ),
      ),
    ];
  });
}

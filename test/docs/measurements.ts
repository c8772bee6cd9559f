/**
 * Writes the list of all measurements into docs/measurements.md, from the registry. The rest of the page is written by hand.
 * `node test/docs/measurements.ts` after a change of a measurement; a test tells when it is due.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFINITIONS } from "../../src/analysis/measurements/registry.ts";

export const PAGE = join(import.meta.dirname, "../../docs/measurements.md");
const [BEGIN, END] = ["<!-- measurements: begin -->", "<!-- measurements: end -->"];

const entry = ({ id, title, unit, definition, bounds, not, artifacts }: (typeof DEFINITIONS)[number]): string =>
  `### \`${id}\`: ${title}
${unit} · from ${artifacts.map((name) => `\`${name}\``).join(", ")}

${definition}
- *Bounds.* ${bounds}
- *What it does not say.* ${not}
`;

/** The page with its list as the registry has it. */
export function withMeasurements(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE} lacks its marks`);
  return `${page.slice(0, from)}${BEGIN}\n${DEFINITIONS.map(entry).join("\n")}${page.slice(to)}`;
}

if (import.meta.main) writeFileSync(PAGE, withMeasurements(readFileSync(PAGE, "utf8")));

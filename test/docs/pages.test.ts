import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseText } from "../../src/config/document.ts";
import { HostsTestbed } from "../../src/model/hosts.ts";
import { Plan } from "../../src/model/plan.ts";
import { LabTestbed } from "../../src/model/testbed.ts";
import { examplesIn, headingsIn, linksIn, PAGES } from "./pages.ts";

/** The keys of a plan are those of no testbed. */
function schemaOf(example: string): typeof Plan | typeof HostsTestbed | typeof LabTestbed {
  const { kind, scenarios } = parse(example) as { kind?: unknown; scenarios?: unknown };
  if (scenarios !== undefined) return Plan;
  return kind === "hosts" ? HostsTestbed : LabTestbed;
}

test("every link leads to a file and a heading that exist", () => {
  const dead = PAGES.flatMap((page) =>
    linksIn(page)
      .filter(({ file, heading }) => {
        if (!existsSync(file)) return true;
        return heading !== undefined && !headingsIn(readFileSync(file, "utf8")).includes(heading);
      })
      .map(({ target }) => `${page.name}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test("the examples of plans and testbeds are what the program reads", () => {
  const pages = PAGES.filter(({ name }) => name === "configuration.md" || name === "hosts.md");
  const examples = pages.flatMap((page) => examplesIn(page).map((text) => ({ name: page.name, text })));
  expect(examples.length).toBeGreaterThanOrEqual(6);
  for (const { name, text } of examples) expect(() => parseText(text, name, schemaOf(text))).not.toThrow();
});

test("the example of a lab's testbed shows the defaults, and all of them", () => {
  const page = PAGES.find(({ name }) => name === "configuration.md")!;
  const lab = examplesIn(page).find((text) => text.startsWith("kind: lab"))!;
  expect(parseText(lab, page.name, LabTestbed)).toEqual(LabTestbed.parse({}));
  expect(Object.keys(parse(lab) as object).sort()).toEqual(Object.keys(LabTestbed.shape).sort());
});

import { expect, test } from "vitest";
import { parseText } from "../../src/config/document.ts";
import { Plan } from "../../src/model/plan.ts";
import { LabTestbed } from "../../src/model/testbed.ts";

const problems = (text: string, schema: typeof LabTestbed | typeof Plan): string => {
  try {
    parseText(text, "file.yaml", schema);
  } catch (error) {
    return (error as Error).message;
  }
  return "no problem";
};

test("an empty testbed file is the default lab", () => {
  expect(parseText("", "t.yaml", LabTestbed)).toEqual(LabTestbed.parse({}));
});

test("quantities arrive in seconds, bytes and bits per second", () => {
  const testbed = parseText(
    "links:\n  migration: {rate: 97Mb/s, delay: 2ms}\nvm: {memory: 256MiB}\n",
    "t.yaml",
    LabTestbed,
  );
  expect(testbed.links.migration).toEqual({ rate: 97e6, delay: 0.002, loss: 0 });
  expect(testbed.vm.memory).toBe(256 * 2 ** 20);
});

test("two scenarios of one name are refused where the second has it", () => {
  expect(problems("name: p\nscenarios:\n  - name: a\n  - name: b\n  - name: a\n", Plan)).toBe(
    'file.yaml:5:5: scenarios.2.name: another scenario is called "a"',
  );
});

test("an unknown key is named with its own line and column", () => {
  expect(problems("vm:\n  memory: 256MiB\n  memroy: 1GiB\n", LabTestbed)).toBe(
    'file.yaml:3:3: unknown key "memroy" in vm',
  );
});

test.each([
  ["vm:\n  memory: 256\n", "file.yaml:2:3: vm.memory: expected a quantity with its unit"],
  ["vm:\n  memory: 256 parsecs\n", 'unknown unit "parsecs"'],
  ["links: {migration: {rate: 0Gb/s}}\n", "a rate must be more than zero"],
  ["vm: {ipv4: 10.1.1.1}\n", "vm.ipv4"],
  ["name: Übel\n", "use lower-case letters"],
  ["vm: [1, 2\n", "file.yaml:2:1"],
  ["vm: {memory: 1GiB}\nvm: {memory: 2GiB}\n", "file.yaml:2:1"],
])("%j is refused, saying where and why", (text, expected) => {
  expect(problems(text, LabTestbed)).toContain(expected);
});

test("every problem of a plan is told at once", () => {
  const told = problems(
    "name: p\nscenarios:\n  - name: a\n    deadline: 5\n  - name: b\n    settings: {bandwith: 1Gb/s}\n",
    Plan,
  ).split("\n");
  expect(told).toHaveLength(2);
  expect(told[0]).toMatch(/^file\.yaml:4:5: scenarios\.0\.deadline: /u);
  expect(told[1]).toBe('file.yaml:6:16: unknown key "bandwith" in scenarios.1.settings');
});

test("an alias bomb is refused instead of filling the memory", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${["b", "c", "d", "e", "f", "g"].map((key, index) => `${key}: &${key} [${Array(9).fill(`*${"abcdefg"[index]}`).join(", ")}]`).join("\n")}\n`;
  expect(problems(bomb, LabTestbed)).not.toBe("no problem");
});

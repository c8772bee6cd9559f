import { expect, test } from "vitest";
import { phasesFigure } from "../../src/report/figures/phases.ts";
import { pingPattern } from "../../src/report/figures/ping-pattern.ts";
import { renderSvg } from "../../src/report/svg.ts";
import { fixture } from "./fixture.ts";

const { result, series } = fixture();
const pass = result.trials[0]!.passes[1]!;
const figure = pingPattern({ pass, series: series[1]!, budget: 500 })!;

test("the same figure gives the same bytes, whatever was drawn in between", () => {
  const first = renderSvg(figure, { id: "a" });
  renderSvg(phasesFigure(pass.phases)!, { id: "b" });
  expect(renderSvg(figure, { id: "a" })).toBe(first);
});

test("all ids begin with the figure's own, and all references lead somewhere", () => {
  const svg = renderSvg(figure, { id: "one" });
  const ids = [...svg.matchAll(/ id="([^"]+)"/gu)].map(([, id]) => id!);
  const references = [...svg.matchAll(/url\(#([^)]+)\)|href="#([^"]+)"/gu)].map(([, url, href]) => url ?? href!);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => id.startsWith("one-"))).toBe(true);
  expect(references.length).toBeGreaterThan(100);
  expect(references.filter((id) => !ids.includes(id))).toEqual([]);
});

test("alone it carries its colours, on a page it takes the page's", () => {
  expect(renderSvg(figure, { id: "x" })).not.toContain("var(");
  expect(renderSvg(figure, { id: "x", themed: true })).toContain('fill="var(--fig-lost, #d55e00)"');
});

test("nothing in it runs or loads", () => {
  expect(renderSvg(figure, { id: "x" })).not.toMatch(/<script|<style|<image|href="[^#]/u);
});

test("a name with markup in it stays text", () => {
  const hostile = "<script>alert(1)</script>";
  const svg = renderSvg(
    {
      height: 100,
      summary: hostile,
      option: { animation: false, xAxis: { type: "category", data: [hostile] }, yAxis: {}, series: [] },
    },
    { id: "x" },
  );
  expect(svg).not.toContain("<script");
  expect(svg.match(/&lt;script&gt;/gu)).toHaveLength(2);
});

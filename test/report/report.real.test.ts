/** The report in a real browser: what is tested here must fail, not pass unseen, where there is none. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/report/html/report.ts";
import { fixture } from "./fixture.ts";
import { kinds } from "./fixture-kinds.ts";

const HOSTILE = `<script>window.hacked=1</script></script><img src=x onerror="window.hacked=1">{a}<!--`;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What axe reports, as far as it is used here. */
interface Findings {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}
let browser: Browser;
let directory: string;
const urls: Record<string, string> = {};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "migrascope-report-"));
  const pages = {
    mixed: fixture({ trials: 2, status: "timeout" }),
    hostile: fixture({ name: HOSTILE }),
    empty: fixture({ trials: 0 }),
    kinds: kinds(1),
  };
  for (const [name, { result, series }] of Object.entries(pages)) {
    const file = join(directory, `${name}.html`);
    writeFileSync(file, renderReport(result, series));
    urls[name] = pathToFileURL(file).href;
  }
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Opens a page; `requests` and `errors` fill while it lives. */
async function open(name: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(urls[name]!);
  return { page, requests, errors, [Symbol.asyncDispose]: () => context.close() };
}

/** Scrolls through everything, so that each figure is drawn; the page grows as they are. */
async function readThrough(page: Page): Promise<void> {
  const height = () => page.evaluate<number>("document.documentElement.scrollHeight");
  for (let y = 0; y < (await height()); y += 700) {
    await page.evaluate(`scrollTo(0, ${y})`);
    await page.waitForTimeout(40);
  }
  // Not waitForFunction: what it evaluates again and again in the page is what the page's policy forbids.
  await expect
    .poll(() => page.evaluate<number>("document.querySelectorAll('figure.chart:not(.enlivened)').length"), {
      timeout: 60_000,
    })
    .toBe(0);
}

test("asks for nothing but itself and runs without an error", async () => {
  await using opened = await open("mixed");
  await readThrough(opened.page);
  expect(opened.requests).toEqual([urls.mixed]);
  expect(opened.errors).toEqual([]);
});

test.each([true, false])("markup in names runs nowhere (policy of the page bypassed: %s)", async (bypassCSP) => {
  await using opened = await open("hostile", { bypassCSP });
  await readThrough(opened.page);
  // Hovering shows names in tooltips too.
  await opened.page.locator("figure.chart .live").first().hover();
  expect(await opened.page.evaluate<boolean>("'hacked' in window")).toBe(false);
  expect(await opened.page.locator("img").count()).toBe(0);
  expect(await opened.page.locator("h1").textContent()).toContain("<script>window.hacked=1</script>");
  expect(opened.requests).toEqual([urls.hostile]);
  expect(opened.errors).toEqual([]);
});

test("is readable without scripts", async () => {
  await using opened = await open("mixed", { javaScriptEnabled: false });
  const { page } = opened;
  const drawings = page.locator("figure.chart svg");
  expect(await drawings.count()).toBe(await page.locator("figure.chart").count());
  expect((await drawings.first().boundingBox())!.height).toBeGreaterThan(200);
  expect(await page.locator("main").textContent()).toContain("A client could not reach the VM for");
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test.each([
    ["mixed", 1100],
    ["mixed", 390],
    ["hostile", 390],
    ["empty", 1100],
    ["kinds", 1100],
    ["kinds", 390],
  ] as const)(
    "the %s report at %d pixels has no accessibility violation and does not scroll sideways",
    async (name, width) => {
      await using opened = await open(name, { colorScheme, viewport: { width, height: 844 } });
      const { page } = opened;
      await readThrough(page);
      await page.evaluate(`for (const details of document.querySelectorAll('details')) details.open = true`);
      await page.evaluate(axe);
      const { violations: found } = await page.evaluate<Findings>("axe.run()");
      const violations = found.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
      );
      expect(violations).toEqual([]);
      expect(await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    },
  );
});

describe("the ping pattern", () => {
  const zoomOf = (page: Page): Promise<{ startValue: number; endValue: number }> =>
    page.evaluate("echarts.getInstanceByDom(document.querySelector('figure.chart .live')).getOption().dataZoom[0]");

  test("opens on the outage and zooms by keyboard alone", async () => {
    await using opened = await open("mixed");
    const { page } = opened;
    await page.locator("figure.chart").first().scrollIntoViewIfNeeded();
    await page.locator("figure.enlivened").first().waitFor();
    const first = await zoomOf(page);
    expect(first.endValue - first.startValue).toBeLessThan(0.6);
    const press = async (name: string): Promise<void> => {
      await page.getByRole("button", { name, exact: true }).first().focus();
      await page.keyboard.press("Enter");
    };
    await press("Zoom in");
    const nearer = await zoomOf(page);
    expect(nearer.endValue - nearer.startValue).toBeCloseTo((first.endValue - first.startValue) / 2, 2);
    await press("Show the whole pass");
    const whole = await zoomOf(page);
    expect(whole.endValue - whole.startValue).toBeGreaterThan(5.5);
    await press("Show the outage");
    expect((await zoomOf(page)).startValue).toBeCloseTo(first.startValue, 3);
  });
});

test("what lies below the migration's rounds on the same axis is zoomed with them", async () => {
  await using opened = await open("mixed");
  const { page } = opened;
  const zooms = (): Promise<number[][]> =>
    page.evaluate(
      "[...document.querySelectorAll('figure[data-group=\"trial-1-course\"] .live')].map((stage) => { const { start, end } = echarts.getInstanceByDom(stage).getOption().dataZoom[0]; return [start, end]; })",
    );
  const progress = page.locator("#trial-1-progress");
  await progress.scrollIntoViewIfNeeded();
  await progress.getByRole("button", { name: "Zoom in" }).click();
  expect(await zooms()).toEqual([
    [25, 75],
    [25, 75],
    [25, 75],
  ]);
  await page.locator("#trial-1-workload-1").getByRole("button", { name: "Show all of it" }).click();
  expect(await zooms()).toEqual([
    [0, 100],
    [0, 100],
    [0, 100],
  ]);
  expect(opened.errors).toEqual([]);
});

test("paper gets the drawings, not the canvases and controls", async () => {
  await using opened = await open("mixed");
  const { page } = opened;
  await readThrough(page);
  await page.emulateMedia({ media: "print" });
  expect(await page.locator("figure.chart .live").first().isVisible()).toBe(false);
  expect(await page.locator(".controls").first().isVisible()).toBe(false);
  expect(await page.locator("figure.chart svg").first().isVisible()).toBe(true);
  expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(50_000);
});
